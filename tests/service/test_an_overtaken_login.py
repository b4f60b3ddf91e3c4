"""A login that a reset overtakes is refused: the hash is read again where the session opens."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.profiles import only_strict
from tests.stage.raw import rows
from tests.stage.visits import (
    NEW_PASSWORD,
    front_desk,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)
from vestibule.auth import hashing, schemes

# Over 72 bytes: hashed with argon2id in both profiles.
PASSWORD = "marzipan".ljust(80, "!")


class Hesitant:
    """Verifies like any other, and then waits, the first time, before it says so."""

    def __init__(self) -> None:
        self.verified, self.may_go_on = Event(), Event()

    def verify(self, password: str, hashed: str) -> bool | None:
        """What the hash says, after a while."""
        answer = schemes.verify(password, hashed)
        if not self.verified.is_set():
            self.verified.set()
            assert self.may_go_on.wait(20)
        return answer


@pytest.fixture
def overtake(
    app: Flask, build: Build, profile: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """Log in, do something through another worker while the hash is computed; the status."""

    def during_a_login(act: Callable[[FlaskClient], object], memory: int = 8) -> int:
        other = build(profile).test_client()
        hesitant = Hesitant()
        monkeypatch.setattr(hashing, "verify", hesitant.verify)
        monkeypatch.setattr(schemes, "ARGON2", schemes.Argon2Cost(memory, passes=1))
        with ThreadPoolExecutor() as pool:
            login = pool.submit(try_login, app.test_client(), password=PASSWORD)
            assert hesitant.verified.wait(20)
            act(other)
            hesitant.may_go_on.set()
            return login.result().status_code

    return during_a_login


def test_a_login_that_nobody_overtakes_succeeds(client: FlaskClient, overtake: Any) -> None:
    register(client, password=PASSWORD)
    assert overtake(lambda other: other.get("/profile")) == 200


def test_a_reset_that_commits_while_a_login_hashes_wins(client: FlaskClient, overtake: Any) -> None:
    register(client, password=PASSWORD)
    token = reset_token(client)
    assert overtake(lambda other: set_password(other, token)) == 401
    assert rows(client.application, "SELECT count(*) FROM sessions") == [(0,)]
    assert try_login(visitor(client.application), password=NEW_PASSWORD).status_code == 200


@only_strict
def test_a_hash_being_upgraded_does_not_undo_the_reset(client: FlaskClient, overtake: Any) -> None:
    register(client, password=PASSWORD)
    token = reset_token(client)
    assert overtake(lambda other: set_password(other, token), memory=16) == 401
    assert try_login(client, password=PASSWORD).status_code == 401
    assert try_login(client, password=NEW_PASSWORD).status_code == 200


def test_a_login_that_another_login_overtakes_succeeds_too(
    client: FlaskClient, overtake: Any
) -> None:
    register(client, password=PASSWORD)
    before = rows(client.application, "SELECT hashed_password FROM users")
    # Both find the hash weak, and the other one replaces it first.
    assert overtake(lambda other: try_login(other, password=PASSWORD), memory=16) == 200
    assert (rows(client.application, "SELECT hashed_password FROM users") != before) == (
        front_desk(client.application).classic is False
    )


def test_an_account_that_is_deleted_while_it_logs_in_is_gone(
    client: FlaskClient, overtake: Any
) -> None:
    register(client, password=PASSWORD)
    assert overtake(lambda other: rows(other.application, "DELETE FROM users")) == 401
