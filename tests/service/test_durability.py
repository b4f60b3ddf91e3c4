"""What was acknowledged is on the disk: SQLite is told so on every connection that writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import only_sqlite
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    NEW_PASSWORD,
    front_desk,
    log_in,
    register,
    reset_token,
    set_password,
)
from vestibule.config import SQLiteFile
from vestibule.db import DB, StorageUnavailable, sqlite

pytestmark = only_sqlite("PostgreSQL has a disk of its own")

# https://www.sqlite.org/pragma.html#pragma_synchronous: in WAL mode only FULL, which is 2, has the
# log on the disk at each commit. NORMAL may lose the last ones with the power.
PROMISED = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What SQLite says of itself at the beginning of each transaction that writes."""
    found: list[dict[str, Any]] = []
    begin = sqlite.begin_lasting

    def ask(connection: Any) -> None:
        begin(connection)
        answers = {name: connection.execute(f"PRAGMA {name}").fetchone() for name in PROMISED}
        found.append({name: value for name, (value,) in answers.items()})

    monkeypatch.setattr(sqlite, "begin_lasting", ask)
    return found


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is changed in transactions that a power cut may undo."""
    found: list[str] = []
    begin = {each: getattr(sqlite, each) for each in ("begin_lasting", "begin_passing")}

    def note(statement: str) -> None:
        if statement.split(maxsplit=1)[0] in ("INSERT", "UPDATE", "DELETE"):
            found.append(" ".join(statement.partition("=")[0].split()[:4]))

    def listening(name: str, listen: Callable[[str], None] | None) -> Callable[[Any], None]:
        def ask(connection: Any) -> None:
            begin[name](connection)
            connection.set_trace_callback(listen)

        return ask

    monkeypatch.setattr(sqlite, "begin_lasting", listening("begin_lasting", None))
    monkeypatch.setattr(sqlite, "begin_passing", listening("begin_passing", note))
    return found


def live(client: FlaskClient) -> None:
    """Do most of what is done in a life."""
    register(client)
    log_in(client)
    client.delete("/sessions")
    set_password(client, reset_token(client))
    front_desk(client.application).audit.flush()
    front_desk(client.application).upkeep.sweep()


@pytest.mark.parametrize("profile", [STRICT, "classic"])
def test_every_transaction_that_was_promised_to_anybody_reaches_the_disk(
    told: list[dict[str, Any]], build: Build, profile: str
) -> None:
    live(build(profile).test_client())
    assert len(told) > 4
    assert all(each == PROMISED for each in told)


def test_a_power_cut_may_undo_counts_of_attempts_and_when_a_session_was_used(
    passing: list[str], build: Build, clock: MovableClock
) -> None:
    client = build(STRICT).test_client()
    live(client)
    log_in(client, password=NEW_PASSWORD)
    clock.advance(minutes=5)
    assert client.get("/profile").status_code == 200
    front_desk(client.application).sessions.record_visits()
    assert set(passing) == {
        "INSERT INTO rate_limits (key,",
        "UPDATE sessions SET last_seen_at",
        # Who sends a mail now, and that it is sent: otherwise it is sent once more.
        "UPDATE outbox SET due_at",
        "UPDATE outbox SET done_at",
    }


@pytest.fixture
def db(build: Build, told: list[dict[str, Any]]) -> Iterator[DB]:
    """A database with tables."""
    data = build(STRICT).extensions["vestibule"].outbox.folder.parent
    opened = DB(SQLiteFile(data / "vestibule.db"))
    yield opened
    opened.close()


def write(db: DB) -> None:
    with db.begin():
        pass


def test_a_writer_does_not_ask_while_another_of_its_process_writes(
    db: DB, told: list[dict[str, Any]]
) -> None:
    with ThreadPoolExecutor(1) as other:
        with db.begin():
            waiting = other.submit(write, db)
            # It would be told off by SQLite, and sleep.
            assert not wait([waiting], 0.1).done
            assert len(told) == 1
        waiting.result(5)
    assert len(told) == 2


def test_who_waits_too_long_for_a_turn_is_told_so(db: DB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)
    with ThreadPoolExecutor(1) as other:
        with db.begin():
            refused = other.submit(write, db).exception()
        assert isinstance(refused, StorageUnavailable)
        other.submit(write, db).result()
