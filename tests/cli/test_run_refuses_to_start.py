"""What ``vestibule run`` cannot start with ends with one sentence and status 2."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.accounts import database
from tests.running import free_port, vestibule
from tests.stage.databases import only_sqlite

pytestmark = only_sqlite("about settings, of which the database is one")

BAD_OPTIONS = [
    ("--port", "70000", "VESTIBULE_PORT"),
    ("--port", "0", "VESTIBULE_PORT"),
    ("--workers", "0", "VESTIBULE_WORKERS"),
    ("--workers", "1000", "VESTIBULE_WORKERS"),
    ("--profile", "lax", "VESTIBULE_PROFILE"),
    ("--host", "no.such.name.invalid", "no.such.name.invalid"),
]
BAD_VARIABLES = [
    ("VESTIBULE_PORT", "five thousand"),
    ("VESTIBULE_WORKERS", "many"),
    ("VESTIBULE_PROFILE", "lax"),
    ("VESTIBULE_SESSION_IDLE", "a while"),
    ("VESTIBULE_SESSION_LIFETIME", "-1 days"),
    ("VESTIBULE_PASSWORD_MIN_LENGTH", "3"),
    ("VESTIBULE_LOG_LEVEL", "loud"),
    ("VESTIBULE_PUBLIC_URL", "accounts.example.com"),
    ("VESTIBULE_DATABASE_URL", "postgresql://vestibule:marzipan@db/vestibule"),
    ("VESTIBULE_DATABASE_URL_FILE", "/nowhere/secret"),
]


def refusal(directory: Path, *options: str, settings: Mapping[str, str] | None = None) -> str:
    """The one sentence with which ``vestibule run`` refuses to start."""
    if "--port" not in options and "VESTIBULE_PORT" not in (settings or {}):
        options = ("--port", str(free_port()), *options)
    ended = vestibule("run", *options, directory=directory, settings=settings)
    assert ended.returncode == 2
    assert ended.stdout == ""
    (sentence,) = ended.stderr.splitlines()
    assert sentence.startswith("Error: ")
    assert "marzipan" not in sentence
    return sentence


@pytest.mark.parametrize(("option", "value", "named"), BAD_OPTIONS)
def test_a_bad_option_is_named(tmp_path: Path, option: str, value: str, named: str) -> None:
    assert named in refusal(tmp_path, option, value)


@pytest.mark.parametrize(("variable", "value"), BAD_VARIABLES)
def test_a_bad_variable_is_named(tmp_path: Path, variable: str, value: str) -> None:
    sentence = refusal(tmp_path, settings={variable: value})
    assert variable in sentence or variable.removeprefix("VESTIBULE_").lower() in sentence


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sqlite:///other.db", encoding="utf-8")
    given = {
        "VESTIBULE_DATABASE_URL": "sqlite:///one.db",
        "VESTIBULE_DATABASE_URL_FILE": str(tmp_path / "secret"),
    }
    assert "VESTIBULE_DATABASE_URL_FILE" in refusal(tmp_path, settings=given)


def test_a_taken_port_is_refused_before_the_database_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence = refusal(tmp_path, "--port", port)
    assert port in sentence
    assert "in use" in sentence
    assert not (tmp_path / "vestibule-data" / "vestibule.db").exists()


@pytest.mark.parametrize("data", ["/proc/vestibule", "file", "file/below"])
def test_a_data_directory_that_cannot_be_written_is_refused(tmp_path: Path, data: str) -> None:
    (tmp_path / "file").touch()
    sentence = refusal(tmp_path, "--data", data)
    assert f"VESTIBULE_DATA): cannot write to {data}" in sentence


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = database(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "9999" in refusal(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "vestibule-data" / "vestibule.db"
    path.parent.mkdir()
    path.write_text("a letter to the operator, not a database\n", encoding="utf-8")
    assert "cannot be read" in refusal(tmp_path)
    assert path.read_text(encoding="utf-8") == "a letter to the operator, not a database\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])  # noqa: S104 - refused.
def test_classic_on_a_public_address_is_refused(tmp_path: Path, host: str) -> None:
    sentence = refusal(tmp_path, "--profile", "classic", "--host", host)
    assert "loopback" in sentence
    assert host in sentence
