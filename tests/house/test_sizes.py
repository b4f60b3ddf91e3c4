"""Small enough to read: files, functions and classes have a limit."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.reading import (
    LESSON,
    READ,
    ROOT,
    SRC,
    Sized,
    classes,
    lengths,
    name,
    sources,
)

LONGEST_FILE, LONGEST_FUNCTION, USUAL_FUNCTION, MOST_METHODS = 300, 40, 20, 12
FORBIDDEN = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}


def over(found: list[Sized], most: int) -> list[Sized]:
    return [each for each in found if each.size > most]


def public_methods(node: ast.ClassDef) -> int:
    methods = (each for each in node.body if isinstance(each, ast.FunctionDef))
    return sum(1 for each in methods if not each.name.startswith("_"))


def test_there_is_something_to_measure() -> None:
    assert len(sources(SRC)) > 30
    assert len(sources(LESSON)) > 4
    assert len(sources(*READ)) > 60


def test_no_file_is_longer_than_300_lines() -> None:
    found = [Sized(name(path), len(path.read_text().splitlines())) for path in sources(*READ)]
    assert over(found, LONGEST_FILE) == []


def test_no_function_is_longer_than_40_lines() -> None:
    # A step of the schema is a list of columns: it is as long as they are.
    paths = [path for path in sources(*READ) if path.parent != SRC / "migrations" / "versions"]
    found = [each for path in paths for each in lengths(path)]
    assert over(found, LONGEST_FUNCTION) == []


@pytest.mark.parametrize("folder", READ, ids=name)
def test_nine_functions_in_ten_have_20_lines_at_most(folder: Path) -> None:
    sizes = sorted(each.size for path in sources(folder) for each in lengths(path))
    assert sizes, folder
    assert sizes[len(sizes) * 9 // 10] <= USUAL_FUNCTION


def test_no_class_has_more_than_12_public_methods() -> None:
    found = [
        Sized(f"{name(path)}:{node.name}", public_methods(node))
        for path in sources(SRC, ROOT / "tests", ROOT / "bench")
        for node in classes(path)
    ]
    assert over(found, MOST_METHODS) == []


def test_every_room_has_a_name_that_says_what_is_in_it() -> None:
    parts = {(name(path), part) for path in sources(*READ) for part in _words(path)}
    assert [where for where, part in parts if part in FORBIDDEN] == []


def _words(path: Path) -> set[str]:
    relative = path.relative_to(ROOT)
    return {part.lower() for part in (*relative.parts[:-1], path.stem)}
