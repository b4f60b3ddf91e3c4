"""``vestibule db`` tells the schema and brings it up to date."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.accounts import database
from tests.running import vestibule
from tests.stage.databases import only_sqlite
from vestibule import migrations

pytestmark = only_sqlite("PostgreSQL: tests/service/test_migrations_on_postgresql.py")

HEAD = migrations.head()


def test_before_the_first_upgrade_there_is_no_database(tmp_path: Path) -> None:
    assert vestibule("db", "current", directory=tmp_path).stdout == (
        f"no database, newest is {HEAD}\n"
    )
    assert not (tmp_path / "vestibule-data").exists()


def test_upgrade_makes_the_database_and_says_so(tmp_path: Path) -> None:
    upgraded = vestibule("db", "upgrade", directory=tmp_path)
    assert upgraded.stdout == f"nothing -> {HEAD}\n"
    assert vestibule("db", "current", directory=tmp_path).stdout == f"{HEAD} (newest)\n"


def test_a_second_upgrade_changes_nothing(tmp_path: Path) -> None:
    before = database(tmp_path).read_bytes()
    again = vestibule("db", "upgrade", directory=tmp_path)
    assert again.stdout == f"{HEAD} already\n"
    assert database(tmp_path).read_bytes() == before
    assert not (tmp_path / "vestibule-data" / "backups").exists()


def test_a_newer_schema_is_told_and_not_touched(tmp_path: Path) -> None:
    with closing(sqlite3.connect(database(tmp_path))) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert vestibule("db", "current", directory=tmp_path).stdout == f"9999, newest is {HEAD}\n"
    refused = vestibule("db", "upgrade", directory=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: The database is at schema 9999")


def test_only_the_owner_reads_what_is_stored(tmp_path: Path) -> None:
    path = database(tmp_path)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_backup_is_a_whole_database_for_its_owner_alone(tmp_path: Path) -> None:
    database(tmp_path)
    made = vestibule("db", "backup", "copy.db", directory=tmp_path)
    copy = tmp_path / "copy.db"
    assert made.stdout == f"copy.db ({copy.stat().st_size} bytes)\n"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    database(tmp_path)
    (tmp_path / "copy.db").write_text("yesterday's", encoding="utf-8")
    refused = vestibule("db", "backup", "copy.db", directory=tmp_path)
    assert refused.returncode == 2
    (sentence,) = refused.stderr.splitlines()
    assert "copy.db exists" in sentence
    assert (tmp_path / "copy.db").read_text(encoding="utf-8") == "yesterday's"


def test_without_a_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    refused = vestibule("db", "backup", "copy.db", directory=tmp_path)
    assert refused.returncode == 2
    assert "There is no database" in refused.stderr
    assert not (tmp_path / "copy.db").exists()
