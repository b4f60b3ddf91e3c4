"""Who has an account, a session, a link or a mail on its way keeps it through an upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Connection, text

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import POSTGRESQL, on_both_databases
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    front_desk,
    mails,
    register,
    set_password,
    try_login,
    visitor,
)
from vestibule import config, migrations
from vestibule.auth.crypto import digest
from vestibule.config import Settings, SQLiteFile
from vestibule.db import sqlite
from vestibule.migrations import steps

pytestmark = on_both_databases

SESSION, TOKEN = "1f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936", "2f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936"
# What a service of the second schema had stored.
USER = """INSERT INTO users (email, email_key, hashed_password, created_at)
    VALUES (:email, :email, :hashed, :now)"""
OPEN = """INSERT INTO sessions (digest, user_id, created_at, last_seen_at, expires_at)
    VALUES (:digest, 1, :now, :now, :later)"""
LINK = """INSERT INTO tokens (digest, purpose, user_id, expires_at)
    VALUES (:digest, 'reset', 1, :later)"""
MAIL = """INSERT INTO outbox (template, recipient, created_at, due_at, attempts)
    VALUES ('reset', :email, :now, :now, 0)"""


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Iterator[Settings]:
    """Those of a service whose database is empty."""
    if database != POSTGRESQL:
        made = config.load(data=tmp_path / "data")
        config.prepare_data(made)
        yield made
        return
    from tests.stage.postgresql import cluster  # noqa: PLC0415 - loaded only where it is used.

    url = cluster().empty()
    yield config.load(data=tmp_path / "data", database_url=url)
    cluster().drop(url)


@pytest.fixture
def upgraded(
    settings: Settings, build: Build, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> Flask:
    """The service of today on what one of the second schema has left."""
    with monkeypatch.context() as patch:
        patch.setattr(steps, "take", to_the_second)
        migrations.upgrade(settings.database, clock())
    assert migrations.current(settings.database) == "0002"
    fill(settings, micros(clock()))
    url = settings.database_url
    return build(STRICT, data=settings.data, database_url=url.get_secret_value() if url else None)


def to_the_second(connection: Connection) -> None:
    command.upgrade(steps.over(connection), "0002")


def micros(moment: Any) -> int:
    return int(moment.timestamp() * 1_000_000)


def fill(settings: Settings, now: int) -> None:
    """Two accounts, and for the first a session, a reset link, and a mail on its way."""
    hashed, later = PasswordHasher(1, 8, 1).hash(PASSWORD), now + 600_000_000
    common = {"now": now, "later": later, "email": ALICE}
    database = settings.database
    if isinstance(database, SQLiteFile):
        engine = sqlite.open_engine(database.path)
    else:
        from vestibule.db import postgresql  # noqa: PLC0415 - loaded only where it is used.

        engine = postgresql.open_patiently(database)
    with engine.begin() as connection:
        for email in (ALICE, BOB):
            connection.execute(text(USER), {"email": email, "hashed": hashed, "now": now})
        connection.execute(text(OPEN), common | {"digest": digest(SESSION)})
        connection.execute(text(LINK), common | {"digest": digest(TOKEN)})
        connection.execute(text(MAIL), common)
    engine.dispose()


def test_a_session_stays_open_and_a_password_good(upgraded: Flask) -> None:
    assert visitor(upgraded, SESSION).get("/profile").get_json() == {"email": ALICE}
    assert try_login(visitor(upgraded), BOB).status_code == 200


def test_a_link_stays_good_for_once(upgraded: Flask) -> None:
    assert set_password(visitor(upgraded), TOKEN).status_code == 200
    assert visitor(upgraded, SESSION).get("/profile").status_code == 403
    assert set_password(visitor(upgraded), TOKEN).status_code == 403


def test_a_mail_on_its_way_is_sent(upgraded: Flask) -> None:
    assert front_desk(upgraded).outbox.deliver_due() == 1
    (mail,) = mails(front_desk(upgraded).outbox.folder)
    assert f"To: {ALICE}" in mail.read_text()


def test_everybody_has_a_pseudonym_and_the_next_account_a_number_of_its_own(
    upgraded: Flask,
) -> None:
    register(visitor(upgraded), "carol@example.com")
    found = rows(upgraded, "SELECT id, pseudonym FROM users ORDER BY id")
    assert [number for number, _ in found] == [1, 2, 3]
    assert len({pseudonym for _, pseudonym in found}) == 3
    assert all(len(pseudonym) >= 32 for _, pseudonym in found)
