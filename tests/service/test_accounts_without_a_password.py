"""An account that passkeys alone open: it keeps one, and gets a password back when it wants one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.crowd import at_once
from tests.stage.databases import on_both_databases
from tests.stage.factors import half_log_in, prove
from tests.stage.passkeys import Made, add, show
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    reset_token,
    set_password,
    try_login,
    visitor,
)
from vestibule.auth.errors import BadCredentials


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


@pytest.fixture
def key(alice: FlaskClient) -> Made:
    """A passkey of Alice."""
    return add(alice, "the blue telephone")


def test_an_account_needs_no_password(alice: FlaskClient, app: Flask, key: Made) -> None:
    says(alice.delete("/profile/password"), 200, message="password removed")
    refuses(try_login(app.test_client()), 401, "credentials_wrong")
    refuses(prove(alice), 401, "credentials_wrong")
    refuses(alice.delete("/profile/password"), 404, "factor_unknown")
    refuses(alice.delete(f"/factors/passkeys/{key.public_id}"), 409, "passkey_needed")
    assert alice.get("/factors").get_json()["password"] is False
    client = app.test_client()
    assert show(client, key.passkey).status_code == 200
    add(client)
    assert client.delete(f"/factors/passkeys/{key.public_id}").status_code == 200


def test_a_password_can_be_set_again_soon_after_a_proof(
    alice: FlaskClient, key: Made, clock: MovableClock
) -> None:
    assert alice.delete("/profile/password").status_code == 200
    form = {"new_password": NEW_PASSWORD}
    clock.advance(minutes=10)
    refuses(alice.put("/profile/password", data=form), 403, "login_not_recent")
    wrong = form | {"current_password": PASSWORD}
    refuses(alice.put("/profile/password", data=wrong), 401, "credentials_wrong")
    assert show(alice, key.passkey, "proof").status_code == 200
    assert alice.put("/profile/password", data=form).status_code == 200
    half_log_in(visitor(alice.application), ALICE, NEW_PASSWORD)
    refuses(alice.put("/profile/password", data=form), 400, "field_invalid")


def test_a_code_alone_proves_nothing_without_a_password(
    alice: FlaskClient, app: Flask, key: Made
) -> None:
    """Whoever copied a session and found a recovery code has one factor of two."""
    assert alice.delete("/profile/password").status_code == 200
    session = str(alice.get_cookie("session_id").value)  # type: ignore[union-attr]
    with pytest.raises(BadCredentials):
        front_desk(app).factors.steps.prove(session, "", key.recovery_codes[0])


def test_a_reset_gives_a_password_back_and_leaves_the_passkey(
    alice: FlaskClient, app: Flask, key: Made
) -> None:
    rows(app, "UPDATE users SET verified_at = 1")
    assert alice.delete("/profile/password").status_code == 200
    assert set_password(visitor(app), reset_token(visitor(app))).status_code == 200
    client = visitor(app)
    half_log_in(client, ALICE, NEW_PASSWORD)
    assert show(client, key.passkey, "factor").status_code == 200


def test_without_a_passkey_the_password_stays(alice: FlaskClient, app: Flask) -> None:
    refuses(alice.delete("/profile/password"), 409, "passkey_needed")
    assert try_login(app.test_client()).status_code == 200


@on_both_databases
def test_password_and_passkey_do_not_go_at_the_same_moment(
    alice: FlaskClient, app: Flask, key: Made
) -> None:
    other = visitor(app)
    assert show(other, key.passkey).status_code == 200
    acts: list[Callable[[], int]] = [
        lambda: alice.delete("/profile/password").status_code,
        lambda: other.delete(f"/factors/passkeys/{key.public_id}").status_code,
    ]
    found = at_once(2, lambda number: acts[number]())
    assert sorted(found) == [200, 403], "who comes second has no session any more"
    ((hashed, factors),) = rows(app, "SELECT hashed_password, factors FROM users")
    assert bool(hashed) is not bool(factors)
