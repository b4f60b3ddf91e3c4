"""A backup made as the operations page shows can be restored as it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import requests

from tests.docs.tour import Shell, console_steps
from tests.running import running

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
PASSWORD = "marzipan dries slowly"
BEFORE, AFTER = "before@example.com", "after@example.com"


def comparable(output: str) -> str:
    """``output`` without its numbers: sizes and schemas grow."""
    return re.sub(r"\d+", "<n>", output.strip())


def register(url: str, email: str) -> None:
    form = {"email": email, "password": PASSWORD}
    assert requests.post(f"{url}/users", data=form, timeout=30).status_code == 200


def log_in(url: str, email: str) -> int:
    form = {"email": email, "password": PASSWORD}
    return requests.post(f"{url}/sessions", data=form, timeout=30).status_code


def test_what_was_there_at_the_backup_is_there_after_the_restore(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    with running(tmp_path) as server:
        register(server.url, BEFORE)
        shell = Shell(tmp_path)
        for step in console_steps(PAGE.read_text(encoding="utf-8")):
            assert comparable(shell.run(step.command)) == comparable(step.shown)
        shell.close()
        register(server.url, AFTER)
    database = tmp_path / "vestibule-data" / "vestibule.db"
    for file in database.parent.glob("vestibule.db*"):
        file.rename(tmp_path / f"old-{file.name}")
    assert (tmp_path / "backup.db").stat().st_mode & 0o777 == 0o600
    (tmp_path / "backup.db").rename(database)
    with running(tmp_path) as server:
        assert log_in(server.url, BEFORE) == 200
        assert log_in(server.url, AFTER) == 401
