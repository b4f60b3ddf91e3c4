"""``vestibule run`` prints what an operator has to know, before the first request."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.cli.accounts import database
from tests.running import running
from tests.stage.databases import only_sqlite
from vestibule import migrations

pytestmark = only_sqlite("about settings, of which the database is one")


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
        "mail": f"files in {tmp_path / 'vestibule-data' / 'mail'}",
        "workers": "1",
    }


def test_run_says_who_delivers_mail_and_what_hangs_on_it(tmp_path: Path) -> None:
    given = {
        "VESTIBULE_SMTP_URL": "smtp://accounts:marzipan@mail.example.com",
        "VESTIBULE_MAIL_FROM": "Acme accounts <accounts@example.com>",
    }
    with running(tmp_path, settings=given) as server:
        lines = server.output.splitlines()
    mail, note = (
        next(line for line in lines if line.startswith(name)) for name in ("mail ", "note ")
    )
    assert mail == (
        "mail      smtp://mail.example.com:587 from Acme accounts <accounts@example.com>; "
        "addresses are verified, accounts concealed"
    )
    assert "marzipan" not in server.output
    assert "set VESTIBULE_PUBLIC_URL to the address that people use" in note
    public = {"VESTIBULE_PUBLIC_URL": "https://accounts.example.com"}
    with running(tmp_path, settings=given | public) as server:
        assert server.output.count("note ") == 1, "the first run's, in the same file"


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
