"""A registration tells nobody but the owner of the mail whether an address has an account."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.service.test_verification import verify
from tests.stage.answers import refuses, says
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
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
def anybody(build: Build) -> FlaskClient:
    """A visitor where addresses are verified and accounts concealed."""
    return build(STRICT, require_verified=True, conceal_accounts=True).test_client()


@pytest.fixture
def alice(anybody: FlaskClient) -> FlaskClient:
    """Alice, verified and logged in."""
    register(anybody)
    verify(anybody, token_to(anybody.application, ALICE))
    return anybody


def test_every_address_gets_the_same_answer(alice: FlaskClient) -> None:
    anybody = visitor(alice.application)
    register(anybody, BOB)
    for email in ("new@example.com", BOB, ALICE, ALICE.upper()):
        form = {"email": email, "password": PASSWORD}
        says(anybody.post("/users", data=form), 200, email=email, message="user created")


def test_the_headers_tell_no_more(alice: FlaskClient) -> None:
    anybody = visitor(alice.application)
    told = []
    for email in (ALICE, "clive@example.com"):
        response = anybody.post("/users", data={"email": email, "password": PASSWORD})
        kept = [
            pair for pair in response.headers if pair[0] not in ("X-Request-ID", "Content-Length")
        ]
        told.append((kept, len(response.data) - len(email)))
    assert told[0] == told[1]


def test_the_owner_of_a_known_address_gets_a_mail_that_says_so(alice: FlaskClient) -> None:
    register(visitor(alice.application), ALICE.upper(), NEW_PASSWORD)
    text = mail_to(alice.application, ALICE)
    assert "Subject: You have an account already\n" in text
    assert "token=" not in text


def test_and_keeps_password_and_session(alice: FlaskClient) -> None:
    register(visitor(alice.application), ALICE, NEW_PASSWORD)
    assert alice.get("/profile").status_code == 200
    assert try_login(visitor(alice.application), ALICE, NEW_PASSWORD).status_code == 401
    assert try_login(visitor(alice.application), ALICE, PASSWORD).status_code == 200


def test_who_registers_an_unverified_address_again_replaces_its_password(
    anybody: FlaskClient,
) -> None:
    register(anybody, password="marzipan of a stranger")
    strangers = token_to(anybody.application, ALICE)
    register(anybody)
    refuses(verify(anybody, strangers), 403, "token_invalid")
    owners = token_to(anybody.application, ALICE)
    refuses(verify(anybody, owners, "marzipan of a stranger"), 401, "credentials_wrong")
    assert verify(anybody, owners).status_code == 200
    assert rows(anybody.application, "SELECT count(*) FROM users") == [(1,)]


def test_a_stranger_who_registers_it_later_gets_no_further(anybody: FlaskClient) -> None:
    register(anybody)
    owners = token_to(anybody.application, ALICE)
    register(anybody, password="marzipan of a stranger")
    fresh = token_to(anybody.application, ALICE)
    for token in (owners, fresh):
        assert verify(anybody, token).status_code in (401, 403)
    set_password(anybody, reset_token(anybody))
    log_in(anybody, password=NEW_PASSWORD)


def test_a_refused_password_is_told_for_every_address(alice: FlaskClient) -> None:
    for email in (ALICE, BOB):
        form = {"email": email, "password": "password1"}
        refuses(alice.post("/users", data=form), 400, "password_refused")


def test_an_account_from_before_keeps_its_password(build: Build) -> None:
    register(build(STRICT).test_client())
    anybody = build(STRICT, require_verified=True, conceal_accounts=True).test_client()
    register(anybody, password=NEW_PASSWORD)
    assert "You have an account already" in mail_to(anybody.application, ALICE)
    try_login(anybody)
    assert verify(anybody, token_to(anybody.application, ALICE)).status_code == 200


def test_a_mailbox_is_not_flooded(alice: FlaskClient) -> None:
    for email in (ALICE, BOB):
        form = {"email": email, "password": PASSWORD}
        left = 4 if email == ALICE else 5
        answers = [alice.post("/users", data=form).status_code for _ in range(left + 1)]
        assert answers == [200] * left + [429]


def test_told_the_contracts_answers_stay(build: Build) -> None:
    client = build(STRICT, require_verified=True, conceal_accounts=False).test_client()
    register(client)
    form = {"email": ALICE, "password": NEW_PASSWORD}
    says(client.post("/users", data=form), 400, message="email already registered")
    assert verify(client, token_to(client.application, ALICE)).status_code == 200


def test_an_unverified_registration_does_not_keep_an_address_from_its_owner(
    alice: FlaskClient,
) -> None:
    squatter = visitor(alice.application)
    register(squatter, BOB, NEW_PASSWORD)
    assert alice.put("/profile/email", json={"email": BOB, "password": PASSWORD}).status_code == 200
    token = token_to(alice.application, BOB)
    confirmed = alice.post("/profile/email/confirm", json={"token": token, "password": PASSWORD})
    says(confirmed, 200, email=BOB, message="email changed")
    assert rows(alice.application, "SELECT email FROM users") == [(BOB,)]
    assert try_login(squatter, BOB, NEW_PASSWORD).status_code == 401
