"""The repository speaks of the product: no machine's paths, no package index, no secrets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.reading import name, tracked

# A tilde is left out of each: so this file does not speak of them either.
TOLD = {
    what: pattern.replace("~", "")
    for what, pattern in {
        "a path of somebody's machine": r"(?<![\w.])/(?:ho~me(?!/alice/)|ro~ot|wo~rk|mn~t)/\w",
        "a package index": r"py~pi\.org|python~hosted\.org|/simp~le/|arti~factory|dev~pi",
        "the address of an index": r"--(?:extra-)?in~dex-url[ =]\S|--find-~links|trusted-~host",
        "a private key": r"-----BEG~IN [A-Z ]*PRIV~ATE KEY",
        "a merge that was not finished": r"^(?:<{7}|>{7}) ",
        "something left to do": r"\b(?:TO~DO|FIX~ME|XX~X)\b",
    }.items()
}
EXAMPLES = {
    "a path of somebody's machine": "see /ho~me/somebody",
    "a package index": "https://py~pi.org/x",
    "the address of an index": "--in~dex-url https://x",
    "a private key": "-----BEG~IN PRIV~ATE KEY",
    "something left to do": "TO~DO: later",
}


def text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("what", TOLD)
def test_no_file_tells(what: str) -> None:
    pattern = re.compile(TOLD[what], re.MULTILINE)
    found = [
        f"{name(path)}: {match.group()}"
        for path in tracked()
        for match in pattern.finditer(text(path))
    ]
    assert found == []


@pytest.mark.parametrize("what", EXAMPLES)
def test_what_is_looked_for_would_be_found(what: str) -> None:
    assert re.search(TOLD[what], EXAMPLES[what].replace("~", ""))


def test_there_are_files_to_look_at() -> None:
    assert len(tracked()) > 80


def test_every_text_ends_with_a_line_and_has_no_tabs_of_windows() -> None:
    texts = {name(path): text(path) for path in tracked() if "lesson/fixtures" not in name(path)}
    assert [path for path, words in texts.items() if words and not words.endswith("\n")] == []
    assert [path for path, words in texts.items() if "\r\n" in words] == []
