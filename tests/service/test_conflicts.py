"""Changes that meet on PostgreSQL: one waits for the other, or is done again; nobody sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses, says
from tests.stage.databases import libpq, on_both_databases, only_postgresql
from tests.stage.raw import DATABASE, rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    eventually,
    front_desk,
    log_in,
    mails,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)
from vestibule.db import postgresql

# Fails the first ``times`` inserts, whatever becomes of their transactions: a sequence never
# goes back.
FAILS = """
CREATE SEQUENCE tries;
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('tries') <= {times} THEN
    RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fails BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION fail();
"""


@contextmanager
def another(app: Flask) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else in the same database."""
    with psycopg.connect(libpq(app.config[DATABASE])) as connection:
        yield connection


def waits(app: Flask) -> bool:
    """Whether somebody waits for a lock."""
    found = rows(
        app,
        "SELECT 1 FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    return bool(found)


@only_postgresql
def test_a_serialization_failure_is_tried_again(strict: FlaskClient) -> None:
    register(strict)
    rows(strict.application, FAILS.format(times=2))
    says(try_login(strict), 200, email=ALICE, message="logged in")
    says(strict.get("/profile"), 200, email=ALICE)
    assert rows(strict.application, "SELECT last_value FROM tries") == [(3,)]
    assert rows(strict.application, "SELECT count(*) FROM sessions") == [(1,)]


@only_postgresql
def test_one_that_never_ends_is_503_and_nothing_is_stored(strict: FlaskClient) -> None:
    register(strict)
    rows(strict.application, FAILS.format(times=1000))
    answer = try_login(strict)
    refuses(answer, 503, "storage_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert rows(strict.application, "SELECT count(*) FROM sessions") == [(0,)]


@only_postgresql
def test_a_deadlock_is_tried_again(strict: FlaskClient) -> None:
    register(strict)
    app = strict.application
    with ThreadPoolExecutor(1) as pool, another(app) as other:
        # Never the one to give way.
        other.execute("SET deadlock_timeout = '60s'")
        other.execute("LOCK TABLE sessions IN SHARE MODE")
        login: Future[Any] = pool.submit(try_login, visitor(app))
        eventually(lambda: waits(app))
        # The login has the user's row, and wants to insert a session.
        other.execute("SELECT id FROM users FOR UPDATE")
        other.commit()
        assert login.result(30).status_code == 200
    assert rows(app, "SELECT count(*) FROM sessions") == [(1,)]


@only_postgresql
def test_who_waits_too_long_for_a_row_is_told_503(
    strict: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(strict)
    log_in(strict)
    short = postgresql.LIMITS.replace("'lock_timeout', '4s'", "'lock_timeout', '100ms'")
    assert short != postgresql.LIMITS
    monkeypatch.setattr(postgresql, "LIMITS", short)
    with another(strict.application) as other:
        other.execute("SELECT id FROM users FOR UPDATE")
        refuses(try_login(strict), 503, "storage_unavailable")
        says(strict.get("/profile"), 200, email=ALICE)
        register(visitor(strict.application), BOB)
    assert try_login(strict).status_code == 200


@only_postgresql
def test_who_finds_every_connection_taken_is_told_503_soon(build: Build) -> None:
    app = build(database_pool=1, database_pool_timeout=timedelta(milliseconds=200))
    register(client := app.test_client())
    log_in(client)
    with ThreadPoolExecutor(1) as pool, another(app) as other:
        other.execute("SELECT id FROM users FOR UPDATE")
        waiting: Future[Any] = pool.submit(try_login, visitor(app))
        eventually(lambda: waits(app))
        began = time.monotonic()
        refuses(try_login(visitor(app)), 503, "storage_unavailable")
        assert 0.2 <= time.monotonic() - began < 2, "as long as the setting says"
        says(client.get("/profile"), 200, email=ALICE)
        other.commit()
        assert waiting.result(30).status_code == 200


@only_postgresql
def test_a_login_waits_for_the_reset_that_came_first(strict: FlaskClient) -> None:
    register(strict)
    app = strict.application
    with ThreadPoolExecutor(1) as pool, another(app) as reset:
        reset.execute("UPDATE users SET hashed_password = 'of another password'")
        login: Future[Any] = pool.submit(try_login, visitor(app))
        eventually(lambda: waits(app))
        reset.commit()
        refuses(login.result(30), 401, "credentials_wrong")
    assert rows(app, "SELECT count(*) FROM sessions") == [(0,)]


@on_both_databases
@pytest.mark.parametrize("round_", range(5))
def test_no_session_of_the_old_password_outlives_a_reset(build: Build, round_: int) -> None:
    app, other_node = build(), build()
    register(app.test_client())
    token = reset_token(app.test_client())
    gate = Barrier(5)

    def log_in_with(password: str) -> FlaskClient:
        client = visitor(other_node)
        gate.wait(30)
        try_login(client, password=password)
        return client

    def reset() -> int:
        gate.wait(30)
        return set_password(visitor(app), token).status_code

    with ThreadPoolExecutor(5) as pool:
        logins = [pool.submit(log_in_with, PASSWORD) for _ in range(4)]
        assert pool.submit(reset).result(30) == 200
    assert {each.result().get("/profile").status_code for each in logins} == {403}
    log_in(visitor(app), password=NEW_PASSWORD)


@on_both_databases
def test_of_many_registrations_of_one_address_one_makes_an_account(build: Build) -> None:
    nodes = [build(), build()]
    gate = Barrier(8)

    def attempt(number: int) -> int:
        client = visitor(nodes[number % 2])
        gate.wait(30)
        form = {"email": ALICE, "password": PASSWORD}
        return client.post("/users", data=form).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(attempt, range(8)))
    assert statuses == [200] + [400] * 7
    assert rows(nodes[0], "SELECT count(*) FROM users") == [(1,)]


@on_both_databases
def test_of_many_resets_with_one_token_one_is_done(build: Build) -> None:
    nodes = [build(), build()]
    register(nodes[0].test_client())
    token = reset_token(nodes[0].test_client())
    gate = Barrier(8)

    def attempt(number: int) -> int:
        gate.wait(30)
        return set_password(visitor(nodes[number % 2]), token).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(8))) == [200] + [403] * 7


@on_both_databases
def test_two_nodes_write_each_mail_once(build: Build) -> None:
    nodes = [build(), build()]
    for number in range(12):
        email = f"{number}@example.com"
        register(visitor(nodes[0]), email)
        visitor(nodes[0]).post("/reset_password", data={"email": email})
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda n: front_desk(nodes[n % 2]).outbox.deliver_due(), range(4)))
    assert len(mails(front_desk(nodes[0]).outbox.folder)) == 12
    assert rows(nodes[0], "SELECT DISTINCT attempts FROM outbox") == [(1,)], taken
