"""Every room, public class and public function says in a sentence what it is for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.reading import SRC, Function, name, sources, tree

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
STEPS = SRC / "migrations" / "env.py"


def public(path: Path) -> list[tuple[str, Documented]]:
    """The module, and the public classes, functions and methods in it."""
    found: list[tuple[str, Documented]] = [(name(path), tree(path))]
    for node in tree(path).body:
        found += _with_methods(path, node)
    return found


def _with_methods(path: Path, node: ast.stmt) -> list[tuple[str, Documented]]:
    if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
        return []
    inside = node.body if isinstance(node, ast.ClassDef) else []
    methods = [each for each in inside if isinstance(each, Function)]
    return [
        (f"{name(path)}:{each.name}", each)
        for each in (node, *methods)
        if not each.name.startswith("_")
    ]


def test_each_has_a_docstring() -> None:
    found = [each for path in sources(SRC) for each in public(path)]
    assert len(found) > 200
    assert [where for where, node in found if not ast.get_docstring(node)] == []


def test_each_begins_with_a_sentence() -> None:
    firsts = [
        (where, (ast.get_docstring(node) or "").partition("\n")[0])
        for path in sources(SRC)
        for where, node in public(path)
    ]
    assert [where for where, first in firsts if not first.endswith((".", "?", ":"))] == []


@pytest.mark.parametrize("folder", ["tests/service", "tests/house", "tests/stage"])
def test_so_does_every_file_of_tests(folder: str) -> None:
    paths = sources(SRC.parents[1] / folder)
    assert paths
    assert [name(path) for path in paths if not ast.get_docstring(tree(path))] == []
