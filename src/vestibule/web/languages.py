"""The words of pages, in each language that has a file, and which language a visitor reads.

A language is one TOML file in ``words``: to add a language is to add a file. Its name is the
language's tag (BCP 47), as browsers say it. Keys go by page; ``{name}`` is a place for something,
which is escaped like all that comes from outside. A table of ``one`` and ``other`` has the words
for one of something, and for any other number of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

OURS = Path(__file__).parent / "words"
# What is spoken to who reads none of the others.
USUAL = "en"
PLURALS = {"one", "other"}


class Words:
    """What pages say in one language."""

    def __init__(self, tag: str, table: Mapping[str, Any]) -> None:
        self.tag = tag
        self._said = {key: escape(text) for key, text in flat(table).items()}

    def __call__(self, key: str, **given: Any) -> Markup:
        """The words under ``key``, with what is given in their places, escaped.

        :raises KeyError: there are none.
        """
        if key not in self._said and "count" in given:
            key += ".one" if given["count"] == 1 else ".other"
        return self._said[key].format(**given) if given else self._said[key]

    def __contains__(self, key: str) -> bool:
        """Whether there are words under ``key``."""
        return key in self._said

    @property
    def name(self) -> Markup:
        """What the language is called by those who read it."""
        return self("name")


class Languages:
    """Every language that there are words in, the usual one first."""

    def __init__(self, *folders: Path) -> None:
        found: dict[str, dict[str, Any]] = {}
        for folder in folders or (OURS,):
            for path in sorted(folder.glob("*.toml")):
                table = tomllib.loads(path.read_text(encoding="utf-8"))
                found[path.stem] = found.get(path.stem, {}) | flat(table)
        # What a language does not say is said in the usual one.
        tags = sorted(found, key=lambda tag: (tag != USUAL, tag))
        self.all = {tag: Words(tag, found[USUAL] | found[tag]) for tag in tags}

    def chosen(self, cookie: str | None, accepted: str | None) -> Words:
        """The language that a visitor chose, else the one that the browser asks for.

        :param accepted: the header ``Accept-Language``.
        """
        if cookie in self.all:
            return self.all[cookie]
        asked = parse_accept_header(accepted, LanguageAccept)
        return self.all[asked.best_match(self.all, USUAL) or USUAL]


def flat(table: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """A table of tables by dotted keys: ``login.title``."""
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}.")
        else:
            found[before + key] = str(value)
    return found
