"""What a transaction leaves behind when it fails: nothing, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Build
from tests.stage.databases import Databases, on_both_databases, only_postgresql
from tests.stage.profiles import STRICT
from vestibule.db import DB, AlreadyExists, StorageUnavailable, Transaction

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT users%'"


@pytest.fixture
def db(build: Build) -> Iterator[DB]:
    """The database of an application, with tables and without rows."""
    app = build(STRICT)
    opened: DB = app.extensions["vestibule"]._db  # noqa: SLF001 - on both databases alike.
    yield opened
    opened.close()


def add(tx: Transaction, name: str, at: datetime = NOW) -> None:
    email = f"{name}@example.com"
    tx.users.add(email=email, email_key=email, hashed_password="", created_at=at)


def add_all(db: DB, *others: str, at: datetime = NOW) -> None:
    """Add these people in one transaction, the last one at this moment."""
    *first, last = others
    with db.begin() as tx:
        for name in first:
            add(tx, name)
        add(tx, last, at)


def names(db: DB) -> list[str]:
    with db.read() as tx:
        return [user.email.partition("@")[0] for user in tx.users.after(0, 10)]


@on_both_databases
def test_what_was_refused_takes_all_of_it_along(db: DB) -> None:
    add_all(db, "alice")
    with pytest.raises(AlreadyExists):
        add_all(db, "bob", "alice")
    with pytest.raises(ValueError, match="a time zone"):
        add_all(db, "carol", "dan", at=datetime(2026, 3, 14))  # noqa: DTZ001 - that is the point.
    assert names(db) == ["alice"]


@only_postgresql
def test_a_failure_that_was_passed_over_is_not_acknowledged(db: DB) -> None:
    """PostgreSQL undoes the whole transaction, and calls it no error."""
    done: list[str] = []

    def pass_over() -> None:
        with db.begin() as tx:
            tx.after_commit(lambda: done.append("bob"))
            add(tx, "bob")
            with suppress(psycopg.errors.UniqueViolation):
                add(tx, "bob")

    with pytest.raises(StorageUnavailable):
        pass_over()
    assert (names(db), done) == ([], [])


@only_postgresql
def test_a_look_whose_connection_is_lost_says_so_and_the_next_one_is_answered(
    db: DB, databases: Databases, tmp_path: Path
) -> None:
    url = databases.settings(tmp_path / "data")["database_url"]

    def look() -> None:
        with db.look() as tx, psycopg.connect(url, autocommit=True) as killer:
            tx.users.after(0, 1)
            killer.execute(KILL)
            tx.users.after(0, 1)

    with pytest.raises(StorageUnavailable):
        look()
    assert names(db) == []


@on_both_databases
def test_a_connection_that_is_in_use_is_closed_when_it_comes_back(db: DB) -> None:
    """A warning of what was never closed would fail this test, or the next."""
    with ThreadPoolExecutor(1) as other, db.read() as tx:
        other.submit(db.close).result()
        assert tx.users.after(0, 1) == []
        lent = tx.users._work._driver  # noqa: SLF001 - there is no other way to it.
    with pytest.raises(Exception, match="closed"):
        lent.cursor().execute("SELECT 1")
