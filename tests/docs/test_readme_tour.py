"""Whoever types what the README shows sees what the README shows."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.docs.tour import README, TOUR, Shell, comparable, console_steps, section, take
from tests.running import running

THREE_PARTS = "Three parts"
# ``.ci/run`` types it in a clean clone.
TYPED_ELSEWHERE = {"make run"}


def checkout(directory: Path) -> None:
    """Make ``directory`` look like the checkout to whoever types commands there."""
    lesson = "0x03-user_authentication_service"
    (directory / ".venv").symlink_to(sys.prefix)
    (directory / lesson).symlink_to(README.parent / lesson)


def test_every_command_of_the_tour_prints_what_the_readme_shows(tmp_path: Path) -> None:
    checkout(tmp_path)
    with running(tmp_path) as server:
        steps = list(take(server.url.replace("127.0.0.1", "localhost"), tmp_path))
    assert len(steps) > 10
    for step, expected, seen in steps:
        assert seen == expected, step.command


def test_the_lesson_is_graded_as_the_readme_shows(tmp_path: Path) -> None:
    checkout(tmp_path)
    shell = Shell(tmp_path)
    for step in section(THREE_PARTS):
        assert comparable(shell.run(step.command)) == comparable(step.shown), step.command
    shell.close()


def test_the_readme_shows_no_command_that_nobody_executes() -> None:
    every = {step.command for step in console_steps(README.read_text(encoding="utf-8"))}
    executed = {step.command for heading in (TOUR, THREE_PARTS) for step in section(heading)}
    assert every - executed == TYPED_ELSEWHERE


def test_make_run_prints_the_lines_that_the_readme_shows(tmp_path: Path) -> None:
    (shown,) = (step.shown for step in section("Two commands") if step.command == "make run")
    with running(tmp_path) as server:
        printed = server.output
    names = [[line.split()[0] for line in text.splitlines()] for text in (printed, shown)]
    assert names[0] == names[1]
