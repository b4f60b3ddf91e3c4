"""Sessions: opened by a login, ended by a log-out, by disuse, and by age."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build, Serve
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.profiles import CLASSIC, STRICT, only_strict
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    WRONG,
    eventually,
    front_desk,
    log_in,
    register,
    try_login,
    visitor,
)
from vestibule.auth import Auth
from vestibule.auth.crypto import new_secret

A_SECOND = timedelta(seconds=1)


def signed_in(client: FlaskClient) -> bool:
    status = client.get("/profile").status_code
    assert status in (200, 403)
    # What the worker of a server does every other second.
    front_desk(client.application).sessions.record_visits()
    return status == 200


def two_devices(app: Flask) -> tuple[FlaskClient, FlaskClient]:
    laptop, phone = app.test_client(), app.test_client()
    register(laptop)
    log_in(laptop)
    log_in(phone)
    return laptop, phone


def test_every_login_gives_another_id(client: FlaskClient) -> None:
    register(client)
    ids = {log_in(client) for _ in range(5)}
    assert len(ids) == 5
    assert all(str(UUID(each)) == each for each in ids)


def test_ids_are_128_random_bits_in_strict(strict: FlaskClient) -> None:
    register(strict)
    versions = {UUID(log_in(strict)).version for _ in range(40)}
    assert versions != {4}, "a version-4 UUID has six bits that are always the same"


@only_strict
def test_strict_keeps_many_sessions(app: Flask) -> None:
    assert all(signed_in(device) for device in two_devices(app))


def test_classic_keeps_the_newest_session(classic: FlaskClient) -> None:
    laptop, phone = two_devices(classic.application)
    assert not signed_in(laptop)
    assert signed_in(phone)


@only_strict
def test_a_log_out_ends_the_session_that_asks_and_no_other(app: Flask) -> None:
    laptop, phone = two_devices(app)
    laptop.delete("/sessions")
    assert not signed_in(laptop)
    assert signed_in(phone)


def test_a_cookie_copied_before_log_out_is_dead(client: FlaskClient) -> None:
    register(client)
    thief = visitor(client.application, log_in(client))
    client.delete("/sessions")
    refuses(thief.get("/profile"), 403, "session_none")
    refuses(thief.delete("/sessions"), 403, "session_none")


def test_sessions_are_of_their_users(client: FlaskClient) -> None:
    other = visitor(client.application)
    for each, email in ((client, ALICE), (other, BOB)):
        register(each, email)
        log_in(each, email)
    client.delete("/sessions")
    says(other.get("/profile"), 200, email=BOB)


def test_a_planted_session_id_is_never_used(client: FlaskClient) -> None:
    planted = "1f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936"
    client.set_cookie("session_id", planted)
    register(client)
    assert log_in(client) != planted
    assert not signed_in(visitor(client.application, planted))


@pytest.mark.parametrize("whose", [ALICE, BOB])
def test_a_login_ends_the_session_that_it_came_with(strict: FlaskClient, whose: str) -> None:
    register(strict)
    register(strict, BOB)
    before = log_in(strict, whose)
    after = log_in(visitor(strict.application, before))
    assert before != after
    assert not signed_in(visitor(strict.application, before))
    assert signed_in(visitor(strict.application, after))


def test_a_login_that_is_refused_ends_nothing(strict: FlaskClient) -> None:
    register(strict)
    log_in(strict)
    assert try_login(strict, password=WRONG).status_code == 401
    assert signed_in(strict)


def test_a_session_ends_when_it_is_not_used(strict: FlaskClient, clock: MovableClock) -> None:
    register(strict)
    log_in(strict)
    for _ in range(2):
        clock.advance(timedelta(days=7) - A_SECOND)
        assert signed_in(strict)
    clock.advance(days=7)
    assert not signed_in(strict)


def test_a_session_ends_when_its_lifetime_is_over(strict: FlaskClient, clock: MovableClock) -> None:
    register(strict)
    log_in(strict)
    for _ in range(6):
        clock.advance(days=5, seconds=-0.1)
        assert signed_in(strict)
    clock.advance(A_SECOND)
    assert not signed_in(strict)


def test_both_times_are_settings(build: Build, clock: MovableClock) -> None:
    app = build(STRICT, session_idle=timedelta(minutes=10), session_lifetime=timedelta(minutes=15))
    laptop, phone = two_devices(app)
    clock.advance(minutes=9)
    assert signed_in(laptop)
    clock.advance(minutes=1)
    assert signed_in(laptop)
    assert not signed_in(phone), "unused for ten minutes"
    clock.advance(minutes=5)
    assert not signed_in(laptop), "fifteen minutes old"


def test_classic_sessions_have_no_end(classic: FlaskClient, clock: MovableClock) -> None:
    register(classic)
    log_in(classic)
    clock.advance(days=3650)
    assert signed_in(classic)


def test_use_is_written_once_a_minute(strict: FlaskClient, clock: MovableClock) -> None:
    register(strict)
    log_in(strict)
    seen: list[int] = []
    for seconds in (0, 59, 1, 59, 1):
        clock.advance(seconds=seconds)
        assert signed_in(strict)
        seen += rows(strict.application, "SELECT last_seen_at FROM sessions")[0]
    opened = seen[0]
    assert [(each - opened) / 1e6 for each in seen] == [0, 0, 60, 60, 120]


def test_the_worker_of_a_server_writes_it(server: Serve) -> None:
    running = server()
    ask, database = running.visitor(), running
    for path in ("/users", "/sessions"):
        ask.post(path, data={"email": ALICE, "password": "marzipan at dawn"})
    rows(database, "UPDATE sessions SET last_seen_at = last_seen_at - 3600000000")
    ((before,),) = rows(database, "SELECT last_seen_at FROM sessions")
    assert ask.get("/profile").status_code == 200
    eventually(lambda: rows(database, "SELECT last_seen_at FROM sessions")[0][0] > before)


def test_what_is_over_is_swept_up(app: Flask, profile: str, clock: MovableClock) -> None:
    two_devices(app)
    clock.advance(days=31)
    app.extensions["vestibule"].upkeep.sweep()
    left = 1 if profile == CLASSIC else 0
    assert rows(app, "SELECT count(*) FROM sessions") == [(left,)]


def test_the_sessions_of_a_deleted_account_are_gone(client: FlaskClient) -> None:
    register(client)
    log_in(client)
    rows(client.application, "DELETE FROM users")
    assert not signed_in(client)


@pytest.mark.parametrize("session_id", [None, ""])
def test_falsy_ids_are_nobodys(auth: Auth, session_id: str | None) -> None:
    auth.register_user(ALICE, "marzipan")
    auth.create_session(ALICE)
    assert auth.get_user_from_session_id(session_id) is None
    assert auth.sessions.find(session_id) is None
    assert auth.log_out(session_id) is False


def test_an_id_whose_digest_only_begins_like_a_sessions_is_nobodys(strict: FlaskClient) -> None:
    register(strict)
    session_id = log_in(strict)
    alike = "substr(digest, 1, 16) || substr(digest, 1, 48)"
    rows(strict.application, f"UPDATE sessions SET digest = {alike}")  # noqa: S608
    front = front_desk(strict.application)
    assert front.sessions.find(session_id) is None
    assert front.sessions.close(session_id) is False
    assert rows(strict.application, "SELECT count(*) FROM sessions") == [(1,)]


def test_a_login_whose_session_would_begin_like_another_gets_another_id(
    strict: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(strict)
    taken = log_in(strict)
    drawn = iter([taken])
    monkeypatch.setattr(
        "vestibule.auth.sessions.new_secret", lambda: next(drawn, "") or new_secret()
    )
    other = visitor(strict.application)
    assert log_in(other) != taken
    assert [each.get("/profile").status_code for each in (strict, other)] == [200, 200]
