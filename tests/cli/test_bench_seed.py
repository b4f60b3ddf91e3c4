"""``vestibule bench seed`` makes people to measure with, and a file of their open sessions."""

from __future__ import annotations

import stat
from pathlib import Path

import requests

from tests.cli.accounts import EMAIL, database, register
from tests.running import running, vestibule
from tests.stage.databases import only_sqlite


def test_whoever_has_a_line_of_the_file_is_logged_in(tmp_path: Path) -> None:
    database(tmp_path)
    seeded = vestibule(
        "bench", "seed", "300", "--sessions", "ids", "--most", "20", directory=tmp_path
    )
    assert (seeded.returncode, seeded.stderr) == (0, "")
    told = "300 accounts, user1@example.com to user300@example.com\neverybody's password is "
    assert seeded.stdout.startswith(told)
    file = tmp_path / "ids"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ids = file.read_text().splitlines()
    assert len(set(ids)) == 20
    assert vestibule("audit", "verify", directory=tmp_path).stdout.startswith("300 rows hold")
    with running(tmp_path) as server:
        for each in ids:
            cookie = {"session_id": each}
            answer = requests.get(f"{server.url}/profile", cookies=cookie, timeout=30)
            assert answer.status_code == 200
        form = {"email": "user7@example.com", "password": seeded.stdout.split()[-1]}
        assert requests.post(f"{server.url}/sessions", data=form, timeout=30).status_code == 200


def test_where_there_are_people_nothing_is_made(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        register(server.url)
    seeded = vestibule("bench", "seed", "9", "--sessions", "ids", directory=tmp_path)
    text = "Error: There are accounts, or there is history, already.\n"
    assert (seeded.returncode, seeded.stderr) == (2, text)
    assert not (tmp_path / "ids").exists()
    assert EMAIL in vestibule("accounts", "list", directory=tmp_path).stdout


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    database(tmp_path)
    (tmp_path / "ids").write_text("mine")
    seeded = vestibule("bench", "seed", "9", "--sessions", "ids", directory=tmp_path)
    assert (seeded.returncode, seeded.stderr) == (2, "Error: Cannot write ids: File exists.\n")
    assert (tmp_path / "ids").read_text() == "mine"


def test_it_wants_a_password_if_it_is_given_one(tmp_path: Path) -> None:
    database(tmp_path)
    seeded = vestibule("bench", "seed", "9", "--password-stdin", directory=tmp_path)
    text = "Error: There is no password on standard input.\n"
    assert (seeded.returncode, seeded.stderr) == (2, text)


@only_sqlite("the tests' PostgreSQL has its schema already")
def test_it_wants_a_database_of_todays_schema(tmp_path: Path) -> None:
    seeded = vestibule("bench", "seed", "9", directory=tmp_path)
    assert seeded.returncode == 2
    assert "run `vestibule db upgrade` first" in seeded.stderr


@only_sqlite("PostgreSQL lets a service wait")
def test_not_while_a_service_runs(tmp_path: Path) -> None:
    with running(tmp_path):
        seeded = vestibule("bench", "seed", "9", directory=tmp_path)
    assert seeded.returncode == 2
    assert "database is locked" in seeded.stderr
