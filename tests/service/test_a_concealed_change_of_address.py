"""Where accounts are concealed, asking for another address does not tell whose it is."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.service.test_change_of_address import ELSEWHERE, ask, confirm
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    log_in,
    mail_to,
    register,
    token_to,
    visitor,
)


@pytest.fixture
def alice(build: Build) -> FlaskClient:
    """Alice, logged in; Bob has an account too."""
    client = build(STRICT, conceal_accounts=True, require_verified=False).test_client()
    register(client, BOB)
    register(client)
    log_in(client)
    return client


def test_a_taken_address_gets_the_same_answer(alice: FlaskClient) -> None:
    free, taken = ask(alice, ELSEWHERE), ask(alice, BOB)
    assert taken.status_code == free.status_code == 200
    assert taken.text.replace(BOB, "") == free.text.replace(ELSEWHERE, "")


def test_its_owner_gets_no_mail(alice: FlaskClient) -> None:
    ask(alice, BOB)
    assert mail_to(alice.application, BOB) == ""


def test_what_is_told_to_the_old_address_is_the_same(alice: FlaskClient) -> None:
    ask(alice, BOB)
    assert f"from {ALICE} to {BOB}" in mail_to(alice.application, ALICE)


def test_the_export_tells_no_more(alice: FlaskClient, clock: MovableClock) -> None:
    told = []
    for email in (ELSEWHERE, BOB):
        ask(alice, email)
        clock.advance(seconds=2)
        mail_to(alice.application, email)
        body = alice.get("/profile/export").get_json()
        (token,) = (each for each in body["tokens"] if each["purpose"] == "change")
        mail = [each for each in body["mails"] if each["recipient"] == email][-1]
        told.append((set(mail), token["address"] == email, token["expires_at"][14:]))
    (first, _, ends), (second, _, later) = told
    assert first == second
    assert (ends, later) == ("09:26+00:00", "09:28+00:00"), "counted from the request"


def test_who_reads_the_mail_there_is_told_that_it_got_an_account(alice: FlaskClient) -> None:
    ask(alice)
    token = token_to(alice.application, ELSEWHERE)
    register(visitor(alice.application), ELSEWHERE, NEW_PASSWORD)
    refuses(confirm(alice, token), 409, "email_in_use")
