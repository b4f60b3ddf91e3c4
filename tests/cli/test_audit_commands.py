"""``vestibule audit`` shows the trail, hands it on, and tells whether it is whole."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.cli.accounts import ACCOUNT, EMAIL, register
from tests.running import running, vestibule
from tests.stage.databases import only_sqlite


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a server where somebody registered, failed to log in, and logged in."""
    directory = tmp_path_factory.mktemp("used")
    with running(directory, "--workers", "2") as server:
        register(server.url)
        wrong = ACCOUNT | {"password": "marzipan melts"}
        assert requests.post(f"{server.url}/sessions", data=wrong, timeout=30).status_code == 401
        assert requests.post(f"{server.url}/sessions", data=ACCOUNT, timeout=30).status_code == 200
    return directory


def audit(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return vestibule("audit", *arguments, directory=directory)


def exported(directory: Path, *arguments: str) -> list[dict[str, object]]:
    lines = audit(directory, "export", *arguments).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_export_has_every_act_and_a_stop_loses_none(used: Path) -> None:
    rows = sorted((str(row["act"]), str(row["outcome"])) for row in exported(used))
    assert rows == [("login", "accepted"), ("login", "credentials_wrong"), ("register", "accepted")]
    assert [row["number"] for row in exported(used)] == [1, 2, 3]


def test_export_takes_an_address_a_pseudonym_and_a_time(used: Path) -> None:
    everything = exported(used)
    assert exported(used, "--user", EMAIL) == everything
    assert exported(used, "--user", str(everything[0]["user"])) == everything
    assert exported(used, "--since", "2001-01-01", "--until", "2999-01-01") == everything
    assert exported(used, "--since", "2999-01-01") == []
    assert exported(used, "--until", "2001-01-01T00:00:00") == []


def test_an_unknown_address_is_told(used: Path) -> None:
    refused = audit(used, "export", "--user", "nobody@example.com")
    assert refused.returncode == 2
    assert "Nobody has the address nobody@example.com." in refused.stderr


def test_tail_shows_the_newest_last(used: Path) -> None:
    lines = audit(used, "tail", "-n", "2").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["number", "2", "3"]


def test_verify_tells_how_many_rows_hold_and_the_last(used: Path) -> None:
    last = exported(used)[-1]
    verified = audit(used, "verify")
    assert verified.returncode == 0
    assert verified.stdout == f"3 rows hold together; the last is 3:{last['digest']}\n"
    assert audit(used, "verify", "--known", f"3:{last['digest']}").returncode == 0
    assert audit(used, "verify", "--known", f"3:{'x' * 43}").returncode == 1
    assert audit(used, "verify", "--known", f"4:{last['digest']}").returncode == 1
    assert audit(used, "verify", "--known", "three").returncode == 2


def test_the_log_says_the_same_as_the_rows(used: Path) -> None:
    lines = [json.loads(line) for line in (used / "log").read_text().splitlines()]
    told = sorted((each for each in lines if each["event"] == "audit"), key=lambda e: e["number"])
    for row, line in zip(exported(used), told, strict=True):
        same = ("number", "act", "outcome", "user", "session", "origin", "request_id", "digest")
        assert {name: line[name] for name in same} == {name: row[name] for name in same}


def test_keys_rotate_is_an_act_and_the_trail_outlives_it(used: Path) -> None:
    assert vestibule("keys", "rotate", directory=used).returncode == 0
    row = exported(used)[-1]
    assert (row["act"], row["outcome"], row["origin"]) == ("keys.rotate", "accepted", "console")
    assert audit(used, "verify").returncode == 0


@only_sqlite("copies the file")
def test_verify_names_the_first_bad_row(used: Path, tmp_path: Path) -> None:
    copy = tmp_path / "vestibule-data"
    copy.mkdir()
    assert vestibule("db", "backup", str(copy / "vestibule.db"), directory=used).returncode == 0
    keys = (used / "vestibule-data" / "secret.keys").read_text()
    (copy / "secret.keys").touch(0o600)
    (copy / "secret.keys").write_text(keys)
    assert audit(tmp_path, "verify").returncode == 0
    with closing(sqlite3.connect(copy / "vestibule.db")) as connection, connection:
        connection.execute("UPDATE audit_events SET outcome = 'overlooked' WHERE id = 2")
        connection.execute("DELETE FROM audit_events WHERE id = 3")
    verified = audit(tmp_path, "verify")
    assert verified.returncode == 1
    assert re.match("1 row holds together; the last is 1:", verified.stdout)
    assert verified.stderr.startswith("Row 2 was changed")


@only_sqlite("a file that is not there")
def test_without_a_database_there_is_no_trail(tmp_path: Path) -> None:
    for command in ("verify", "tail", "export"):
        refused = audit(tmp_path, command)
        assert refused.returncode == 2
        assert "there is no database" in refused.stderr
