"""Whoever types what the README shows sees what the README shows."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.docs.tour import README, console_steps, take, tour
from tests.running import running

# ``.ci/run`` types these in a clean clone.
TYPED_ELSEWHERE = {"make run"}


def test_every_command_of_the_tour_prints_what_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with running(tmp_path) as server:
        steps = list(take(server.url.replace("127.0.0.1", "localhost"), tmp_path))
    assert len(steps) > 10
    for step, expected, seen in steps:
        assert seen == expected, step.command


def test_the_readme_shows_no_command_that_nobody_executes() -> None:
    every = {step.command for step in console_steps(README.read_text(encoding="utf-8"))}
    assert every - {step.command for step in tour()} == TYPED_ELSEWHERE
