"""A database of many accounts and open sessions, written in a few seconds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from vestibule.auth.crypto import digest, new_secret
from vestibule.auth.schemes import ARGON2
from vestibule.user import micros

PASSWORD = "correct-horse-of-the-bench"  # noqa: S105 - everybody's, in this database.
# A session that was used less than a minute ago is read and not written. That is what nearly
# every request of a person at work meets, so no session is older than that during the bench.
SEEN_AHEAD = timedelta(minutes=10)


def seed(database: Path, accounts: int) -> list[str]:
    """Fill an empty, migrated database, and return the ids of the open sessions."""
    ids = [new_secret() for _ in range(accounts)]
    # WAL, as the service sets it, is a property of the file.
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "INSERT INTO users (id, email, email_key, hashed_password, created_at, pseudonym)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            _users(accounts),
        )
        connection.executemany(
            "INSERT INTO sessions (digest, user_id, created_at, last_seen_at, expires_at)"
            " VALUES (?, ?, ?, ?, ?)",
            _sessions(ids),
        )
    return ids


def _users(accounts: int) -> Iterator[tuple[object, ...]]:
    now, hashed = micros(datetime.now(UTC)), ARGON2.hash(PASSWORD)
    for number in range(1, accounts + 1):
        email = f"user{number}@example.com"
        yield number, email, email, hashed, now, uuid4().hex


def _sessions(ids: list[str]) -> Iterator[tuple[object, ...]]:
    now = datetime.now(UTC)
    moments = micros(now), micros(now + SEEN_AHEAD), micros(now + timedelta(days=30))
    for number, session_id in enumerate(ids, 1):
        yield digest(session_id), number, *moments
