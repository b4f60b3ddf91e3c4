"""The words of pages, in each language that has a file, and which language a visitor reads.

A language is one TOML file in ``words``: to add a language is to add a file. Its name is the
language's tag (BCP 47), as browsers say it. Keys go by page; ``{name}`` is a place for something,
which is escaped like all that comes from outside. A table of ``one`` and ``other`` has the words
for one of something, and for any other number of it.
"""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from vestibule.config import PREFIX, BadSetting, Settings

log = logging.getLogger(__name__)

OURS = Path(__file__).parent / "words"
# What is spoken to who reads none of the others.
USUAL = "en"
# BCP 47, as far as languages of pages need it: de, pt-BR, zh-Hant.
TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
DIRECTIONS = ("ltr", "rtl")


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

    def __init__(self, theirs: Path | None = None) -> None:
        """Read our own, and those in an operator's folder, which say more or otherwise.

        :raises BadSetting: a file there is none of words, or says what no page asks for.
        """
        found = dict(_ours())
        for path in sorted(theirs.glob("*.toml")) if theirs else ():
            said = _read(path)
            _require_usable(path, said, found[USUAL], new=path.stem not in found)
            found[path.stem] = found.get(path.stem, {}) | said
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


def languages_of(settings: Settings) -> Languages:
    """The languages of the service; without an operator's, where one broke since the start."""
    try:
        return Languages(settings.page_languages)
    except BadSetting:
        log.exception("page.language_broken")
        return Languages()


@cache
def _ours() -> dict[str, dict[str, str]]:
    """Our own words, by the tag of their language. A start asks for them twice."""
    return {path.stem: _read(path) for path in OURS.glob("*.toml")}


def _read(path: Path) -> dict[str, str]:
    try:
        return flat(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise _unusable(path, f"{getattr(error, 'strerror', None) or error}") from error


def _require_usable(path: Path, said: dict[str, str], usual: dict[str, str], *, new: bool) -> None:
    """Accept words that pages can say: with a name of their own, and in known places."""
    if not TAG.fullmatch(path.stem):
        raise _unusable(path, "its name is the tag of a language and .toml, as in pt-BR.toml")
    if new and "name" not in said:
        raise _unusable(path, 'it does not say what the language is called, as in name = "Deutsch"')
    for key, text in said.items():
        if key not in usual:
            raise _unusable(path, f"no page says {key}")
        if not text.strip():
            raise _unusable(path, f"{key} is empty")
        # For one of something, the number may be said or not.
        like = usual[f"{key.removesuffix('.one')}.other" if key.endswith(".one") else key]
        try:
            strange = _places(text) - _places(like)
        except ValueError as error:
            raise _unusable(path, f"{key}: {error}") from error
        if strange:
            raise _unusable(path, f"{key} has no place for {{{min(strange)}}}")
    if said.get("direction", DIRECTIONS[0]) not in DIRECTIONS:
        raise _unusable(path, "direction is ltr or rtl")


def _places(text: str) -> set[str]:
    # With all that stands in braces: "{x.y}" and "{x!r}" would be looks into what is given.
    parts = list(Formatter().parse(text))
    return {
        name + (f"!{how}" if how else "") + (f":{form}" if form else "")
        for _, name, form, how in parts
        if name is not None
    }


def _unusable(path: Path, reason: str) -> BadSetting:
    return BadSetting(f"page_languages ({PREFIX}PAGE_LANGUAGES): {path.name}: {reason}.")


def flat(table: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """A table of tables by dotted keys: ``login.title``."""
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}.")
        else:
            found[before + key] = str(value)
    return found
