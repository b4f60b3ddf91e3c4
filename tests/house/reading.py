"""The repository as a text: its Python files, their functions and their classes."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "vestibule"
LESSON = ROOT / "0x03-user_authentication_service"
READ = (SRC, ROOT / "tests", ROOT / "bench", LESSON)
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Sized(NamedTuple):
    """Something that has a size, and where it is."""

    where: str
    size: int


@cache
def sources(*folders: Path) -> list[Path]:
    """The Python files in these folders."""
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*.py")
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    )


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name(path: Path) -> str:
    """The path as the repository knows it."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file, nested ones included."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def classes(path: Path) -> Iterator[ast.ClassDef]:
    """Every class of a file."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef))


def lengths(path: Path) -> list[Sized]:
    """How many lines each function of a file has, decorators and docstring apart."""
    return [Sized(f"{name(path)}:{node.name}", _lines(node)) for node in functions(path)]


def tracked() -> list[Path]:
    """The files that the repository holds, and those that are about to be added."""
    listed = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / entry for entry in listed.stdout.split("\0") if entry)
    return [path for path in paths if path.is_file()]


def _lines(node: Function) -> int:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    end = node.end_lineno or node.lineno
    docstring = body[0].lineno - node.body[0].lineno if body else 0
    return end - node.lineno + 1 - docstring
