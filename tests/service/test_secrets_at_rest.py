"""A leaked database opens nothing: no secret is in its bytes, and no digest is a key (A28)."""

from __future__ import annotations

import os
import secrets
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.conftest import Serve
from tests.stage.databases import only_sqlite
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import everything, file_of, rows
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
    wait_for_mail,
)


def spellings(secret: str) -> list[bytes]:
    """The ways in which a secret could be written down."""
    try:
        value = UUID(secret)
    except ValueError:
        return [secret.encode(), secret.encode("utf-16-le"), secret.encode().hex().encode()]
    return [secret.encode(), value.hex.encode(), value.bytes, value.bytes_le]


def in_the_open(stored: bytes, secrets: list[str]) -> list[str]:
    return [each for each in secrets if any(form in stored for form in spellings(each))]


def live_through_everything(client: FlaskClient) -> list[str]:
    """Use every kind of secret, and return all that were used."""
    register(client)
    try_login(client, password=WRONG)
    first = log_in(client)
    client.get("/profile")
    spent = reset_token(client)
    set_password(client, spent)
    second = log_in(visitor(client.application), password=NEW_PASSWORD)
    return [PASSWORD, WRONG, NEW_PASSWORD, first, second, spent, reset_token(client)]


@only_sqlite("its bytes are in a file of ours")
def test_no_secret_is_in_the_bytes_of_the_database(client: FlaskClient) -> None:
    secrets = live_through_everything(client)
    stored = everything(file_of(client.application).parent)
    assert ALICE.encode() in stored, "these are the right files"
    assert in_the_open(stored, secrets) == []


@only_sqlite("its bytes are in a file of ours")
@pytest.mark.parametrize("profile", [STRICT, CLASSIC])
def test_nor_in_those_of_a_running_server(server: Serve, profile: str) -> None:
    running = server(profile=profile)
    ask = running.visitor()
    ask.post("/users", data={"email": ALICE, "password": PASSWORD})
    ask.post("/sessions", data={"email": ALICE, "password": PASSWORD})
    answer = ask.post("/reset_password", data={"email": ALICE}).json()
    token = answer.get("reset_token") or wait_for_mail(running.data / "mail")
    stored = everything(running.data)
    assert (running.data / "vestibule.db-wal").exists()
    assert ALICE.encode() in stored
    assert in_the_open(stored, [PASSWORD, str(ask.cookies["session_id"]), token]) == []


def test_what_is_stored_opens_nothing(client: FlaskClient) -> None:
    live_through_everything(client)
    app = client.application
    columns = rows(app, "SELECT id, digest FROM sessions") + rows(app, "SELECT digest FROM tokens")
    columns += rows(app, "SELECT id, hashed_password FROM users")
    values = [str(value) for row in columns for value in row]
    assert len(values) >= 5
    for value in values:
        assert visitor(app, value).get("/profile").status_code == 403
        assert set_password(visitor(app), value).status_code == 403
        assert try_login(visitor(app), password=value).status_code == 401


def test_every_secret_comes_from_the_systems_source(
    strict: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[bytes] = []

    def draw(size: int) -> bytes:
        drawn.append(os.urandom(size))
        return drawn[-1]

    monkeypatch.setattr(secrets, "token_bytes", draw)
    register(strict)
    handed_out = [log_in(strict), reset_token(strict)]
    # And the number by which the browser is known.
    assert len(drawn) == 3
    assert {UUID(each).bytes for each in handed_out} < set(drawn)
    assert {len(each) for each in drawn} == {16}, "128 bits, all of them random"


def test_the_copy_of_a_secret_is_found_by_this_search() -> None:
    session_id = "1f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936"
    for form in spellings(session_id):
        assert in_the_open(b"\0" + form + b"\0", [session_id, PASSWORD]) == [session_id]
