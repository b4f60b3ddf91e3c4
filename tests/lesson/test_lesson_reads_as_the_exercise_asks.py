"""The lesson reads as the exercise asks, and its own suite passes on this very interpreter."""

from __future__ import annotations

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from tests.lab.lessons import LESSON

ROOT = LESSON.parent
FILES = sorted(LESSON.rglob("*.py"))


def test_its_suite_passes_with_the_libraries_of_the_service() -> None:
    environ = {**os.environ, "PYTHONWARNINGS": "error", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "discover", "-s", "tests"],
        cwd=LESSON,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    ran = re.search(r"^Ran (\d+) tests", done.stderr, re.MULTILINE)
    assert done.returncode == 0, done.stderr
    assert ran, done.stderr
    assert int(ran[1]) > 100
    assert not (LESSON / "a.db").exists()


def test_the_readme_names_every_task_in_order_and_links_to_rooms_that_exist() -> None:
    text = (LESSON / "README.md").read_text()
    tasks = [int(number) for number in re.findall(r"^\*\*(\d+)\. ", text, re.MULTILINE)]
    assert sorted(tasks) == list(range(21))
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (LESSON / link).exists(), link
    assert len(re.findall(r"\*Beyond:\*.*?\]\(", text, re.DOTALL)) == len(tasks)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LESSON)))
def test_every_file_looks_as_the_exercise_asks(path: Path) -> None:
    text = path.read_text()
    assert text.split("\n")[0] == "#!/usr/bin/env python3"
    assert os.access(path, os.X_OK)
    assert text.endswith("\n")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            assert_has_a_sentence(node)
        if isinstance(node, ast.FunctionDef):
            assert_is_annotated(node)
            assert (node.end_lineno or 0) - node.lineno < 40, node.name


def assert_has_a_sentence(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> None:
    """Check that a docstring starts with more than a word, and ends like a sentence."""
    summary = (ast.get_docstring(node) or "").split("\n\n")[0]
    assert summary[:1].isupper(), summary
    assert summary.endswith((".", "?")), summary
    assert len(summary.split()) >= 2, summary


def assert_is_annotated(node: ast.FunctionDef) -> None:
    """Check that every argument and the result have a type."""
    assert node.returns is not None, node.name
    rest = [argument for argument in (node.args.vararg, node.args.kwarg) if argument]
    for argument in [*node.args.args, *node.args.kwonlyargs, *rest]:
        assert argument.annotation or argument.arg == "self", f"{node.name}({argument.arg})"


def test_git_keeps_the_files_executable() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("This is not a git checkout")
    command = [git, "ls-files", "--stage", "--", LESSON.name]
    listing = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    modes = {line.split("\t")[1]: line.split()[0] for line in listing}
    assert {modes[name] for name in modes if name.endswith(".py")} == {"100755"}


def test_the_four_files_are_read_in_one_sitting() -> None:
    lines = sum(code_lines(LESSON / f"{name}.py") for name in ("user", "db", "auth", "app"))
    assert lines <= 330


def code_lines(path: Path) -> int:
    """How many lines hold code: neither blank, nor comment, nor docstring."""
    text = path.read_text()
    silent = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    lines = set[int]()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (*silent, tokenize.ENDMARKER):
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        if ast.get_docstring(node):
            docstring = node.body[0]
            lines.difference_update(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    return len(lines)
