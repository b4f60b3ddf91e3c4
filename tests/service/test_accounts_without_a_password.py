"""An account that passkeys alone open: it keeps one, and gets a password back when it wants one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.service.test_change_of_address import ELSEWHERE, ask, confirm
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.crowd import at_once
from tests.stage.databases import on_both_databases
from tests.stage.factors import half_log_in, prove
from tests.stage.passkeys import Made, add, show
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    log_in,
    register,
    reset_token,
    set_password,
    token_to,
    try_login,
    visitor,
)
from vestibule.auth.errors import BadCredentials
from vestibule.auth.owners import Owners, Proof

FORM = "/profile/email/confirm/form"


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


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


def without_password(app: Flask, alice: FlaskClient) -> None:
    """From now on passkeys alone open her account; no mail is on its way."""
    assert alice.delete("/profile/password").status_code == 200
    front_desk(app).outbox.deliver_due()
    rows(app, "DELETE FROM outbox")


def test_the_address_changes_soon_after_a_proof(
    alice: FlaskClient, app: Flask, key: Made, clock: MovableClock
) -> None:
    without_password(app, alice)
    clock.advance(minutes=10)
    for _ in range(6):
        refuses(ask(alice, password=""), 403, "login_not_recent")
    assert rows(app, "SELECT count(*) FROM outbox") == [(0,)]
    assert show(alice, key.passkey, "proof").status_code == 200
    refuses(ask(alice), 401, "credentials_wrong")
    assert ask(alice, password="").status_code == 200
    token = token_to(app, ELSEWHERE)
    clock.advance(minutes=10)
    refuses(confirm(alice, token, ""), 403, "login_not_recent")
    assert show(alice, key.passkey, "proof").status_code == 200
    says(confirm(alice, token, ""), 200, email=ELSEWHERE, message="email changed")


def test_a_link_alone_changes_no_address(alice: FlaskClient, app: Flask, key: Made) -> None:
    """It may have gone to somebody else, who opens it while nobody or another is logged in."""
    without_password(app, alice)
    assert ask(alice, password="").status_code == 200
    token, bob = token_to(app, ELSEWHERE), visitor(app)
    register(bob, BOB)
    log_in(bob, BOB)
    for client in (visitor(app), bob):
        refuses(confirm(client, token, ""), 403, "session_none")
        refuses(confirm(client, token), 401, "credentials_wrong")
    page = alice.post(FORM, data={"token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 401, "another site's page asks in the name of who is logged in"
    assert alice.get("/profile").get_json() == {"email": ALICE}
    assert confirm(alice, token, "").status_code == 200


def test_with_a_password_it_is_not_left_out(alice: FlaskClient, app: Flask, key: Made) -> None:
    refuses(ask(alice, password=""), 400, "field_invalid")
    assert ask(alice).status_code == 200
    token = token_to(app, ELSEWHERE)
    refuses(confirm(alice, token, ""), 400, "field_invalid")
    page = alice.post(FORM, data={"token": token})
    assert page.status_code == 401
    assert confirm(alice, token).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ("UPDATE users SET hashed_password = 'another'", 401, "credentials_wrong"),
        ("DELETE FROM sessions", 403, "session_none"),
        ("UPDATE sessions SET proved_at = 1", 403, "login_not_recent"),
    ],
)
def test_what_changed_meanwhile_counts(
    alice: FlaskClient,
    app: Flask,
    key: Made,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    status: int,
    code: str,
) -> None:
    """What is found before a transaction is looked at in it again."""
    without_password(app, alice)
    assert ask(alice, password="").status_code == 200
    token, before = token_to(app, ELSEWHERE), Owners.prove_without

    def overtaken(*given: Any) -> Proof:
        proof = before(*given)
        rows(app, change)
        return proof

    with monkeypatch.context() as patch:
        patch.setattr(Owners, "prove_without", overtaken)
        refuses(confirm(alice, token, ""), status, code)
    assert rows(app, "SELECT email FROM users") == [(ALICE,)]


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
