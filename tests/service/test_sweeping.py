"""What is over is removed in small batches, and who has nothing to remove writes nothing."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from flask import Flask
from pysqlite3 import dbapi2 as sqlite

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases, only_sqlite
from tests.stage.profiles import STRICT
from tests.stage.raw import file_of, rows
from tests.stage.visits import front_desk, register
from vestibule.auth import upkeep
from vestibule.auth.upkeep import BATCH
from vestibule.user import micros

TWICE_AND_MORE = 2 * BATCH + 7
TABLES = ("tokens", "sessions", "rate_limits", "outbox", "users")


def many(app: Flask, table: str, *columns: str) -> None:
    """Rows that a batch is too small for; ``i`` is the number of each."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    names, values = zip(*(column.split("=", 1) for column in columns), strict=True)
    chosen = f"{numbers} SELECT {', '.join(values)} FROM n"  # noqa: S608 - no input.
    rows(app, f"INSERT INTO {table} ({', '.join(names)}) {chosen}", TWICE_AND_MORE)


def accounts(app: Flask, name: str, ends: str) -> None:
    """Accounts that wait for somebody to verify their address until this moment."""
    email = f"'{name}' || i || '@example.com'"
    keys = (f"email={email}", f"email_key={email}", f"pseudonym='{name}' || i")
    many(app, "users", *keys, "hashed_password=''", "created_at=i", f"pending_until={ends}")


def counts(app: Flask) -> dict[str, int]:
    """How many rows each table has."""
    return {table: rows(app, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}  # noqa: S608


@on_both_databases
def test_more_than_a_batch_of_everything_is_gone_after_one_sweep(
    build: Build, clock: MovableClock
) -> None:
    app = build(STRICT, require_verified=True)
    accounts(app, "staying", "NULL")
    accounts(app, "going", str(micros(clock.now)))
    first = rows(app, "SELECT min(id) FROM users")[0][0]
    many(app, "tokens", "digest='t' || i", "purpose='reset'", f"user_id={first} - 1 + i",
         "expires_at=i")  # fmt: skip
    many(app, "sessions", "digest='s' || i", f"user_id={first}", "created_at=1", "last_seen_at=1",
         "expires_at=i")  # fmt: skip
    many(app, "rate_limits", "key='k' || i", "hits=1", "expires_at=i")
    many(app, "outbox", "template='reset'", "recipient='r' || i", "created_at=1", "due_at=1",
         "expires_at=1", "attempts=1", "dead=false", "done_at=i")  # fmt: skip
    front_desk(app).upkeep.sweep()
    assert counts(app) == dict.fromkeys(TABLES, 0) | {"users": TWICE_AND_MORE}
    assert rows(app, "SELECT count(*) FROM users WHERE pending_until IS NOT NULL") == [(0,)]


def test_a_sweep_has_an_end_and_the_next_goes_on(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "MOST_ROUNDS", 2)
    app = build(STRICT)
    many(app, "rate_limits", "key='k' || i", "hits=1", "expires_at=i")
    front_desk(app).upkeep.sweep()
    assert counts(app)["rate_limits"] == TWICE_AND_MORE - 2 * BATCH
    front_desk(app).upkeep.sweep()
    assert counts(app)["rate_limits"] == 0


def test_a_service_that_stops_ends_its_sweep_after_the_batch(build: Build) -> None:
    app = build(STRICT)
    many(app, "rate_limits", "key='k' || i", "hits=1", "expires_at=i")
    front_desk(app).upkeep.close()
    front_desk(app).upkeep.sweep()
    assert counts(app)["rate_limits"] == TWICE_AND_MORE - BATCH


@only_sqlite("a file has one lock for all who write")
def test_a_sweep_that_finds_nothing_waits_for_no_writer(
    build: Build, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.db.sqlite.BUSY_SECONDS", 0.05)
    app = build(STRICT, require_verified=True)
    register(app.test_client())
    clock.advance(timedelta(minutes=5))
    with closing(sqlite.connect(file_of(app), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        # It would fail for want of the lock.
        front_desk(app).upkeep.sweep()
        other.execute("ROLLBACK")
    assert counts(app)["users"] == 1
