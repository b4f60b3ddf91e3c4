"""What cannot be undone needs a proof ten minutes old at most, which renews the session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.factors import Authenticator, enrol, half_log_in, offer, prove
from tests.stage.passkeys import add, show
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)

Ask = Callable[[FlaskClient], TestResponse]
TICKET = {"ticket": "x", "code": "123456"}
SENSITIVE: dict[str, Ask] = {
    "delete the account": lambda client: client.delete("/profile"),
    "take everything along": lambda client: client.get("/profile/export"),
    "end other sessions": lambda client: client.delete("/sessions?others=true"),
    "ask for a secret": lambda client: client.post("/factors/otp"),
    "take the factor away": lambda client: client.delete("/factors/otp"),
    "make recovery codes": lambda client: client.post("/factors/recovery_codes"),
}
# With the password in them they need no other proof, unless the account has a factor.
WITH_PASSWORD: dict[str, Ask] = {
    "change the password": lambda client: client.put(
        "/profile/password", data={"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    ),
    "change the address": lambda client: client.put(
        "/profile/email", data={"email": BOB, "password": PASSWORD}
    ),
}


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("session_id")
    assert found is not None
    return str(found.value)


@pytest.mark.parametrize("act", SENSITIVE)
def test_ten_minutes_after_a_login_it_is_too_late(
    alice: FlaskClient, clock: MovableClock, act: str
) -> None:
    clock.advance(minutes=10)
    refuses(SENSITIVE[act](alice), 403, "login_not_recent")
    assert prove(alice).status_code == 200
    assert SENSITIVE[act](alice).status_code in (200, 204, 404)


@pytest.mark.parametrize("act", SENSITIVE | WITH_PASSWORD)
def test_with_a_factor_the_password_alone_is_no_proof(
    alice: FlaskClient, phone: Authenticator, clock: MovableClock, act: str
) -> None:
    ask = (SENSITIVE | WITH_PASSWORD)[act]
    clock.advance(minutes=10)
    refuses(ask(alice), 403, "login_not_recent")
    answer = prove(alice)
    refuses(answer, 401, "factor_required")
    assert answer.get_json()["factors"] == ["otp", "recovery"]
    refuses(ask(alice), 403, "login_not_recent")
    assert prove(alice, phone.code()).status_code == 200
    assert ask(alice).status_code in (200, 204)


def test_an_authenticator_is_added_soon_after_a_proof_alone(
    alice: FlaskClient, clock: MovableClock
) -> None:
    made = offer(alice)
    clock.advance(minutes=10)
    form = {"ticket": made["ticket"], "code": "123456"}
    answer = alice.put("/factors/otp", data=form)
    assert answer.get_json()["code"] in ("login_not_recent", "challenge_over", "factor_wrong")
    assert rows(alice.application, "SELECT count(*) FROM totp") == [(0,)]


@on_both_databases
def test_a_proof_gives_the_session_a_new_id_and_leaves_its_age(
    alice: FlaskClient, clock: MovableClock
) -> None:
    before, opened = cookie(alice), clock()
    clock.advance(minutes=30)
    says(prove(alice), 200, email=ALICE, message="proved", recovery_codes=None)
    assert cookie(alice) != before
    refuses(visitor(alice.application, before).get("/profile"), 403, "session_none")
    (session,) = alice.get("/sessions").get_json()["sessions"]
    assert session["created_at"] == opened.isoformat()
    assert session["proved_at"] == clock().isoformat()
    assert session["amr"] == ["pwd"]


def test_proofs_make_no_session_endless(alice: FlaskClient, clock: MovableClock) -> None:
    for _ in range(6):
        clock.advance(days=5)
        answer = prove(alice)
    assert answer.status_code == 403
    refuses(alice.get("/profile"), 403, "session_none")


def test_a_recovery_code_proves_as_well_and_once(
    alice: FlaskClient, phone: Authenticator, clock: MovableClock
) -> None:
    clock.advance(minutes=10)
    answer = prove(alice, phone.recovery_codes[0])
    says(answer, 200, email=ALICE, message="proved", recovery_codes=9)
    refuses(prove(alice, phone.recovery_codes[0]), 401, "factor_wrong")


def test_a_code_that_opened_a_session_proves_nothing(
    alice: FlaskClient, phone: Authenticator
) -> None:
    code = phone.code()
    assert prove(alice, code).status_code == 200
    refuses(prove(alice, code), 401, "factor_wrong")


def test_a_wrong_password_with_a_right_code_uses_no_code(
    alice: FlaskClient, phone: Authenticator
) -> None:
    refuses(prove(alice, phone.code(), WRONG), 401, "credentials_wrong")
    assert prove(alice, phone.code()).status_code == 200


def test_somebody_elses_proof_is_none(
    alice: FlaskClient, phone: Authenticator, clock: MovableClock
) -> None:
    bob = visitor(alice.application)
    register(bob, BOB, NEW_PASSWORD)
    log_in(bob, BOB, NEW_PASSWORD)
    bobs = enrol(bob, clock)
    refuses(prove(alice, bobs.code(steps=1)), 401, "factor_wrong")
    refuses(prove(alice, bobs.recovery_codes[0]), 401, "factor_wrong")
    refuses(prove(bob, phone.code(), PASSWORD), 401, "credentials_wrong")


def test_a_login_that_is_half_done_proves_nothing(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    half_log_in(client)
    refuses(prove(client, phone.code()), 403, "session_none")


def test_nobody_proves_nothing(app: Flask) -> None:
    refuses(prove(app.test_client()), 403, "session_none")


def test_a_new_password_by_its_owner_needs_no_second_login(
    alice: FlaskClient, phone: Authenticator
) -> None:
    assert prove(alice, phone.code()).status_code == 200
    assert WITH_PASSWORD["change the password"](alice).status_code == 200
    (session,) = alice.get("/sessions").get_json()["sessions"]
    assert session["amr"] == ["mfa", "otp", "pwd"]
    half_log_in(visitor(alice.application), ALICE, NEW_PASSWORD)


def test_a_session_from_before_counts_from_when_it_was_opened(
    alice: FlaskClient, clock: MovableClock
) -> None:
    rows(alice.application, "UPDATE sessions SET amr = NULL, proved_at = NULL")
    (session,) = alice.get("/sessions").get_json()["sessions"]
    assert (session["amr"], session["proved_at"]) == (["pwd"], clock().isoformat())
    clock.advance(minutes=10)
    refuses(alice.delete("/profile"), 403, "login_not_recent")


def test_a_reset_leaves_the_factor_of_a_verified_account(
    alice: FlaskClient, app: Flask, phone: Authenticator
) -> None:
    rows(app, "UPDATE users SET verified_at = 1")
    assert set_password(app.test_client(), reset_token(app.test_client())).status_code == 200
    half_log_in(app.test_client(), ALICE, NEW_PASSWORD)


def test_a_reset_drops_the_factor_of_who_never_showed_to_own_the_address(
    app: Flask, phone: Authenticator
) -> None:
    """Else whoever registers an address of others could shut them out of it for good."""
    assert set_password(app.test_client(), reset_token(app.test_client())).status_code == 200
    assert try_login(app.test_client(), ALICE, NEW_PASSWORD).status_code == 200
    front_desk(app).outbox.deliver_due()
    kinds = {kind for (kind,) in rows(app, "SELECT template FROM outbox")}
    assert {"factor_removed", "password_reset"} <= kinds
    assert rows(app, "SELECT count(*) FROM recovery_codes") == [(0,)]


def test_a_mailbox_that_takes_an_address_back_takes_no_factor_off(
    alice: FlaskClient, app: Flask, phone: Authenticator
) -> None:
    rows(app, "UPDATE users SET verified_at = 1")
    outbox = front_desk(app).outbox
    outbox.deliver_due()
    assert WITH_PASSWORD["change the address"](alice).status_code == 200
    outbox.deliver_due()
    ((factors,),) = rows(app, "SELECT factors FROM users")
    assert factors == "otp"


def test_a_session_says_no_more_than_was_shown(alice: FlaskClient, clock: MovableClock) -> None:
    key, client = add(alice), alice.application.test_client()
    assert show(client, key.passkey).status_code == 200
    enrol(client, clock)
    (session,) = client.get("/sessions").get_json()["sessions"]
    assert session["amr"] == ["mfa", "otp", "pop", "user"], "no password"
