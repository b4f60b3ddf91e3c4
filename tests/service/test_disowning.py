"""A thief's factor on an account that had none: its owner takes it off by the link in the mail."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.stage.acts import links_in_mails
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.factors import Authenticator, enrol, half_log_in, prove, send
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    log_in,
    mail_to,
    register,
    reset_token,
    set_password,
    token_to,
    try_login,
    visitor,
)


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    """Alice has verified her address, and nobody else's session is open."""
    rows(alice.application, "UPDATE users SET verified_at = 1")
    return alice.application


@pytest.fixture
def thief(app: Flask) -> FlaskClient:
    """Somebody who knows her password."""
    client = app.test_client()
    log_in(client)
    return client


@pytest.fixture
def theirs(thief: FlaskClient, clock: MovableClock) -> Authenticator:
    """The authenticator that the thief added to Alice's account."""
    made = enrol(thief, clock)
    clock.advance(minutes=1)
    return made


def disown(app: Flask, token: str) -> None:
    answer = visitor(app).post("/factors/disown", data={"token": token})
    says(answer, 200, email=ALICE, message="factors removed")


def change_address(client: FlaskClient, email: str = BOB, password: str = PASSWORD) -> None:
    """Ask for another address and confirm it."""
    form = {"email": email, "password": password}
    assert client.put("/profile/email", data=form).status_code == 200
    links = links_in_mails(client)
    for token in links:
        form = {"token": token, "password": password}
        if client.post("/profile/email/confirm", data=form).status_code == 200:
            return
    pytest.fail("nothing confirmed it")


@on_both_databases
def test_the_link_takes_the_factor_off_and_all_that_the_thief_has(
    app: Flask, thief: FlaskClient, theirs: Authenticator
) -> None:
    half = half_log_in(app.test_client())
    disown(app, token_to(app, ALICE))
    refuses(thief.get("/profile"), 403, "session_none")
    refuses(visitor(app, half).get("/sessions/factor"), 403, "login_over")
    assert try_login(app.test_client()).get_json()["code"] == "credentials_wrong"
    assert "Subject: The second factor is gone" in mail_to(app, ALICE)
    owner = app.test_client()
    assert set_password(owner, token_to(app, ALICE)).status_code == 200
    log_in(owner, ALICE, NEW_PASSWORD)
    told = owner.get("/factors").get_json()
    assert (told["otp"], told["passkeys"], told["recovery_codes"]) == (None, [], 0)


def test_looking_at_it_changes_nothing_and_it_works_once(app: Flask, theirs: Authenticator) -> None:
    token, client = token_to(app, ALICE), app.test_client()
    for _ in range(3):
        page = client.get(f"/factors/disown?token={token}")
        assert (page.status_code, 'action="/factors/disown/form"' in page.text) == (200, True)
    half_log_in(app.test_client())
    page = client.post("/factors/disown/form", data={"token": token})
    assert (page.status_code, "The second factor is removed" in page.text) == (200, True)
    assert client.post("/factors/disown/form", data={"token": token}).status_code == 403
    assert client.get(f"/factors/disown?token={token}").status_code == 403


@on_both_databases
def test_neither_a_new_password_nor_a_reset_ends_the_link(
    app: Flask, thief: FlaskClient, theirs: Authenticator
) -> None:
    token = token_to(app, ALICE)
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert thief.put("/profile/password", data=form).status_code == 200
    assert set_password(visitor(app), reset_token(visitor(app)), PASSWORD).status_code == 200
    disown(app, token)
    assert try_login(visitor(app)).get_json()["code"] == "credentials_wrong"


@on_both_databases
def test_it_brings_an_address_back_that_the_thief_changed(
    app: Flask, thief: FlaskClient, theirs: Authenticator, clock: MovableClock
) -> None:
    token = token_to(app, ALICE)
    change_address(thief)
    # Longer than the address could be undone.
    clock.advance(hours=30)
    again = visitor(app).post("/users", data={"email": ALICE, "password": PASSWORD})
    says(again, 400, message="email already registered")
    disown(app, token)
    assert rows(app, "SELECT email, factors FROM users") == [(ALICE, "")]
    assert set_password(visitor(app), token_to(app, ALICE)).status_code == 200
    log_in(visitor(app), ALICE, NEW_PASSWORD)


def test_its_owner_has_it_for_three_days(
    app: Flask, theirs: Authenticator, clock: MovableClock
) -> None:
    token = token_to(app, ALICE)
    clock.advance(days=3, minutes=-2)
    assert visitor(app).get(f"/factors/disown?token={token}").status_code == 200
    clock.advance(minutes=1)
    refuses(visitor(app).post("/factors/disown", data={"token": token}), 403, "token_invalid")


def test_a_mailbox_takes_no_factor_off_that_was_there_before(
    app: Flask, alice: FlaskClient, clock: MovableClock
) -> None:
    phone = enrol(alice, clock)
    clock.advance(days=4)
    half_log_in(alice)
    assert send(alice, phone.code()).status_code == 200
    rows(app, "DELETE FROM outbox")
    front_desk(app).upkeep.sweep()
    enrol(alice, clock)
    mail = mail_to(app, ALICE)
    assert "Subject: A second factor was added" in mail
    assert "token" not in mail
    assert rows(app, "SELECT count(*) FROM tokens WHERE purpose = 'disown'") == [(0,)]


def test_what_is_added_after_the_first_goes_with_it_and_gains_no_time(
    app: Flask, thief: FlaskClient, theirs: Authenticator, clock: MovableClock
) -> None:
    first = token_to(app, ALICE)
    clock.advance(days=2)
    assert prove(thief, theirs.code()).status_code == 200
    assert thief.delete("/factors/otp").status_code == 200
    enrol(thief, clock)
    second = token_to(app, ALICE)
    assert second != first
    ends = clock()
    clock.advance(days=1)
    assert clock() > ends
    refuses(visitor(app).post("/factors/disown", data={"token": second}), 403, "token_invalid")


@on_both_databases
def test_who_takes_the_address_back_takes_a_new_factor_off(
    app: Flask, thief: FlaskClient, theirs: Authenticator
) -> None:
    """A08: else the owner has the address, and the thief's factor bars the door."""
    token_to(app, ALICE)
    form = {"email": BOB, "password": PASSWORD}
    assert thief.put("/profile/email", data=form).status_code == 200
    answer = visitor(app).post("/profile/email/undo", data={"token": token_to(app, ALICE)})
    assert answer.status_code == 200, answer.text
    assert rows(app, "SELECT factors FROM users") == [("",)]
    assert set_password(visitor(app), token_to(app, ALICE)).status_code == 200
    log_in(visitor(app), ALICE, NEW_PASSWORD)


def test_who_takes_the_address_back_leaves_an_older_factor(
    app: Flask, alice: FlaskClient, clock: MovableClock
) -> None:
    """A09: whoever reads the mailbox has one factor, not two."""
    phone = enrol(alice, clock)
    clock.advance(days=4)
    half_log_in(alice)
    assert send(alice, phone.code()).status_code == 200
    form = {"email": BOB, "password": PASSWORD}
    assert alice.put("/profile/email", data=form).status_code == 200
    answer = visitor(app).post("/profile/email/undo", data={"token": token_to(app, ALICE)})
    assert answer.status_code == 200, answer.text
    assert set_password(visitor(app), token_to(app, ALICE)).status_code == 200
    half_log_in(visitor(app), ALICE, NEW_PASSWORD)


def test_the_link_is_nobody_elses_and_for_nothing_else(app: Flask, theirs: Authenticator) -> None:
    token, client = token_to(app, ALICE), visitor(app)
    refuses(client.post("/factors/keep", data={"token": token}), 403, "token_invalid")
    refuses(client.post("/profile/email/undo", data={"token": token}), 403, "token_invalid")
    refuses(set_password(client, token), 403, "token_invalid")
    reset = reset_token(client)
    refuses(client.post("/factors/disown", data={"token": reset}), 403, "token_invalid")
    front_desk(app).operators.disable(ALICE)
    refuses(client.post("/factors/disown", data={"token": token}), 403, "token_invalid")
    front_desk(app).operators.enable(ALICE)
    disown(app, token)


def test_somebody_else_has_the_address_by_then(
    app: Flask, thief: FlaskClient, theirs: Authenticator, clock: MovableClock
) -> None:
    token = token_to(app, ALICE)
    change_address(thief)
    register(visitor(app), "eve@example.com")
    rows(
        app,
        "UPDATE users SET email = 'alice@example.com', email_key = 'alice@example.com', "
        "verified_at = 1 WHERE email = 'eve@example.com'",
    )
    refuses(visitor(app).post("/factors/disown", data={"token": token}), 409, "email_in_use")
    assert visitor(app).get(f"/factors/disown?token={token}").status_code == 200, "it stays"
