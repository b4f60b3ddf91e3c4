"""Beyond the exercise, the style: how the target's files are written."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from .verdict import NotApplicable, true
from .world import MODULES, World, inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Definition = ast.FunctionDef | ast.AsyncFunctionDef

SHEBANG = b"#!/usr/bin/env python3"


def none(rule: str, offenders: Sequence[object]) -> None:
    """Let the target pass if nothing offends the rule.

    :raises Unmet: something does.
    """
    true(rule, not offenders, f"not so in {', '.join(map(str, offenders))}")


def trees(*names: str) -> dict[str, ast.Module]:
    """Return the syntax trees of those of the five files, or of these, that are there.

    :raises NotApplicable: none is.
    """
    paths = [Path(f"{name}.py") for name in names or MODULES]
    found = {str(path): ast.parse(path.read_bytes()) for path in paths if path.exists()}
    if not found:
        raise NotApplicable(f"there is none of {', '.join(map(str, paths))}")
    return found


@inside("shebang")
def shebang(world: World) -> None:
    """Every .py file starts with exactly #!/usr/bin/env python3."""
    paths = world.sources()
    rule = f"the first line of every .py file: {SHEBANG.decode()}"
    none(rule, [path for path in paths if path.read_bytes().split(b"\n")[0] != SHEBANG])


@inside("executable")
def executable(world: World) -> None:
    """Every .py file may be executed."""
    paths = world.sources()
    none("every .py file executable", [p for p in paths if not p.stat().st_mode & 0o100])


@inside("final-newline")
def final_newline(world: World) -> None:
    """Every .py file ends with a newline."""
    paths = world.sources()
    none("every .py file ends with a newline", [p for p in paths if p.read_bytes()[-1:] != b"\n"])


@inside("docstrings")
def docstrings(_world: World) -> None:
    """Every module, class and function says in a sentence what it is."""
    none("a sentence in every module, class and function", list(offences(undocumented)))


@inside("annotations")
def annotated(_world: World) -> None:
    """Every argument and every result has a type."""
    none("a type for every argument and result", list(offences(unannotated)))


def offences(bad: Callable[[ast.AST, bool], bool]) -> Iterator[str]:
    """Yield the place of every module, class and function, outside functions, that is bad."""
    for path, tree in trees().items():
        if bad(tree, False):
            yield path
        for node, in_class in definitions(tree, in_class=False):
            if bad(node, in_class):
                yield f"{path} line {node.lineno}"


def definitions(
    tree: ast.Module | ast.ClassDef, in_class: bool
) -> Iterator[tuple[ast.ClassDef | Definition, bool]]:
    """Yield classes and functions with whether they are part of a class."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node, in_class
        elif isinstance(node, ast.ClassDef):
            yield node, in_class
            yield from definitions(node, in_class=True)


def undocumented(node: ast.AST, _in_class: bool) -> bool:
    """Tell whether a docstring is missing, or is a single word."""
    assert isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))  # noqa: S101 - for mypy
    return len((ast.get_docstring(node) or "").split()) < 2


def unannotated(node: ast.AST, in_class: bool) -> bool:
    """Tell whether a function lacks the type of an argument or of its result."""
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)
    positional = [*getattr(node.args, "posonlyargs", []), *node.args.args]
    if in_class and not static:
        positional = positional[1:]
    rest = [*node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    arguments = [a for a in [*positional, *rest] if a is not None]
    return node.returns is None or any(a.annotation is None for a in arguments)


@inside("app-through-auth")
def app_through_auth(_world: World) -> None:
    """app.py speaks to Auth, never to DB."""
    tree = trees("app")["app.py"]
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    touched = imported & {"db", "sqlalchemy", "sqlite3"}
    touched |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "_db"}
    none("app.py without db, SQLAlchemy and _db", [f"app.py: {name}" for name in sorted(touched)])


@inside("private-names")
def private_names(_world: World) -> None:
    """Nobody uses the private names of somebody else's object."""
    found = [
        f"{path} line {node.lineno}: {node.attr}"
        for path, tree in trees("auth", "app", "main").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and private(node)
    ]
    none("only public names of other objects", found)


def private(node: ast.Attribute) -> bool:
    """Tell whether an attribute is private to something that is not ``self`` or ``cls``."""
    if not node.attr.startswith("_") or node.attr.startswith("__"):
        return False
    return not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
