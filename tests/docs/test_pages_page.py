"""``docs/pages.md`` shows what an operator sees who makes the pages theirs."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from tests.docs.tour import SHOWN_AT, Shell, comparable, console_steps
from tests.house.reading import ROOT
from tests.running import running

PAGE = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")


def test_the_walk_prints_what_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (block,) = re.findall(
        r"^```sh\n(export VESTIBULE_SITE.*?)^make run$", PAGE, re.DOTALL | re.MULTILINE
    )
    words = shlex.split(block.replace("export", ""))
    settings = dict(word.split("=", 1) for word in words)
    assert len(settings) == 5
    steps, shell = list(console_steps(PAGE)), Shell(tmp_path)
    before = [step for step in steps if SHOWN_AT not in step.command]
    after = [step for step in steps if SHOWN_AT in step.command]
    assert (len(before), len(after)) == (5, 3)
    for step in before:
        assert comparable(shell.run(step.command)) == comparable(step.shown), step.command
    with running(tmp_path, settings=settings) as server:
        host = server.url.removeprefix("http://")
        for step in after:
            seen = comparable(shell.run(step.command.replace(SHOWN_AT, host)))
            assert seen == comparable(step.shown), step.command
    shell.close()
