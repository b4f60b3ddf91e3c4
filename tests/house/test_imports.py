"""Imports go down the floors: the contracts of import-linter are kept."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.reading import ROOT, SRC, functions, name, sources

LINT = Path(sys.executable).with_name("lint-imports")


def lint(source: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the package in ``source``, by the contracts of this repository."""
    return subprocess.run(
        [LINT, "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=source,
        env={"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_every_contract_is_kept() -> None:
    ended = lint(SRC.parent)
    assert ended.returncode == 0, ended.stdout
    contracts = (ROOT / "pyproject.toml").read_text().count("[[tool.importlinter.contracts]]")
    assert contracts >= 6
    assert re.search(rf"{contracts} kept, 0 broken", ended.stdout)


@pytest.mark.parametrize(
    ("room", "statement"),
    [
        ("web/pages.py", "from vestibule.db import DB"),
        ("db/users.py", "import flask"),
        ("auth/policy.py", "from vestibule.auth import sessions"),
        ("web/health.py", "from vestibule.web import pages"),
        ("auth/tokens.py", "import sqlalchemy"),
        ("config/__init__.py", "from vestibule import user"),
    ],
)
def test_a_forbidden_import_is_noticed(tmp_path: Path, room: str, statement: str) -> None:
    shutil.copytree(SRC, tmp_path / "vestibule", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "vestibule" / room
    path.write_text(f"{path.read_text()}\n{statement}\n")
    ended = lint(tmp_path)
    assert ended.returncode == 1, ended.stdout
    assert "1 broken" in ended.stdout or "2 broken" in ended.stdout


def late(path: Path) -> Iterator[str]:
    """The lines of imports inside functions."""
    lines = path.read_text().splitlines()
    for function in functions(path):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield lines[node.lineno - 1]


def test_no_function_imports_without_saying_why() -> None:
    found = [(name(path), line) for path in sources(SRC) for line in late(path)]
    assert [each for each in found if "PLC0415" not in each[1]] == []
