"""The templates of pages: an operator's where there are any, else ours.

They are tried when the service starts; one that is broken later is passed over for ours. Who may
write into the folder decides what pages say: a template is trusted like the service itself. It
stays under the same content policy, so what it holds of scripts or styles of its own does not run.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateSyntaxError,
)

from vestibule.config import PREFIX, BadSetting
from vestibule.web.examples import EXAMPLES

log = logging.getLogger(__name__)

OURS = Path(__file__).parent / "templates"
# Without these a form leads nowhere, or a view finds none of its fields.
NEEDED = re.compile(r'\b(?:action|name)="[^"]*"')


class Templates:
    """Makes pages of templates. ``known`` is what each of them is given."""

    def __init__(self, folder: Path | None, known: Mapping[str, Any]) -> None:
        ours = FileSystemLoader(OURS)
        self._folder = folder
        self._ours = _environment(ours, known)
        self._theirs = self._ours
        if folder:
            both = ChoiceLoader([FileSystemLoader(folder), ours])
            self._theirs = _environment(both, known, changing=True)

    def render(self, name: str, given: Mapping[str, Any]) -> str:
        """The page that the template of this name makes of what it is given."""
        try:
            return self._theirs.get_template(name).render(given)
        except Exception:
            if self._theirs is self._ours:
                raise
            # A page in our words is better than none until somebody reads the log.
            log.exception("page.template_broken", extra={"template": name})
            return self._ours.get_template(name).render(given)

    def require_usable(self, *given: Mapping[str, Any]) -> None:
        """Accept templates that make a page of each example, with all forms and fields of ours.

        :param given: what is given besides; each is tried.
        :raises BadSetting: naming the file and what is wrong with it.
        """
        if self._folder is None:
            return
        ours = set(self._ours.list_templates())
        names = {path.name for path in self._folder.glob("*.html")}
        unknown = sorted(name for name in names - ours if not name.startswith("_"))
        if unknown:
            raise _unusable(
                f"{unknown[0]} replaces nothing: the pages are {', '.join(sorted(ours))}; "
                "the name of a part of your own begins with _"
            )
        for name, example in EXAMPLES.items():
            for each in given:
                self._try(name, {**each, **example})

    def _try(self, name: str, given: Mapping[str, Any]) -> None:
        try:
            said = self._theirs.get_template(name).render(given)
        except TemplateSyntaxError as error:
            where = f"{error.name or name}, line {error.lineno}"
            raise _unusable(f"{where}: {error.message}") from error
        except Exception as error:
            raise _unusable(f"{name}: {error or type(error).__name__}") from error
        for needed in NEEDED.findall(_main(self._ours.get_template(name).render(given))):
            if needed not in _main(said):
                raise _unusable(f"{name}: it does not say {needed}, so its form would not work")


def _main(page: str) -> str:
    """What is the page's own: without the layout, which has a form or two on every page."""
    return page.partition("<main")[2].partition("</main>")[0] or page


def _environment(
    loader: BaseLoader, known: Mapping[str, Any], *, changing: bool = False
) -> Environment:
    """:param changing: whether somebody may write to the files while they are in use."""
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=changing,
    )
    environment.globals |= known
    return environment


def _unusable(reason: str) -> BadSetting:
    return BadSetting(f"page_templates ({PREFIX}PAGE_TEMPLATES): {reason}.")
