"""Commands that a page shows with their output print that output."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.docs import tour
from tests.docs.tour import SHOWN_AT, Shell, console_steps
from tests.running import running

DOCS = Path(__file__).parents[2] / "docs"
# Executed by tests of their own; and what the audit shows is a service that was in use for a while.
ELSEWHERE = {"audit.md", "connect.md", "operations.md", "pages.md"}
PAGES = sorted(
    page.name
    for page in DOCS.glob("*.md")
    if "```console" in page.read_text(encoding="utf-8") and page.name not in ELSEWHERE
)
# What no two runs share, besides what the README's tour knows.
RANDOM = (
    ("<time>", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)"),
    ("<ticket>", r"\b[0-9a-f]{16}\.[\w-]{20,}"),
    ("<id>", r"\b[0-9a-f]{16}\b"),
    ("<secret>", r"\b[A-Z2-7]{32}\b"),
    ("<recovery code>", r"\b[0-9A-Z]{4}(-[0-9A-Z]{4}){5}\b"),
)


def comparable(output: str) -> str:
    for placeholder, pattern in RANDOM:
        output = re.sub(pattern, placeholder, output)
    return tour.comparable(output)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_print_what_the_page_shows(page: str, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    steps = list(console_steps((DOCS / page).read_text(encoding="utf-8")))
    assert steps
    with running(tmp_path) as server:
        host, shell = server.url.removeprefix("http://"), Shell(tmp_path)
        for step in steps:
            seen = shell.run(step.command.replace(SHOWN_AT, host))
            assert comparable(seen) == comparable(step.shown), step.command
        shell.close()
