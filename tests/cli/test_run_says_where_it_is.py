"""``vestibule run`` prints what an operator has to know, before the first request."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.cli.accounts import database
from tests.running import running
from vestibule import migrations


def test_run_prints_where_it_answers_and_what_it_stands_on(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "1") as server:
        printed = dict(line.split(maxsplit=1) for line in server.output.splitlines())
    assert printed == {
        "url": server.url.replace("127.0.0.1", "localhost"),
        "profile": "strict",
        "database": str(tmp_path / "vestibule-data" / "vestibule.db"),
        "schema": f"{migrations.head()}, upgraded from nothing",
        "keys": str(tmp_path / "vestibule-data" / "secret.keys"),
        "sqlite": migrations.SQLITE_VERSION,
        "workers": "1",
    }


def test_run_says_nothing_of_an_upgrade_when_there_was_none(tmp_path: Path) -> None:
    database(tmp_path)
    with running(tmp_path) as server:
        assert f"schema    {migrations.head()}\n" in server.output


def test_the_printed_url_answers(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        url = server.output.split()[1]
        assert requests.get(f"{url}/readyz", timeout=10).json() == {"status": "ready"}


def test_the_log_is_json_and_the_announcement_is_not_in_it(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        assert all(line.startswith("{") for line in server.log.splitlines())
        assert not any(line.startswith("{") for line in server.output.splitlines())
