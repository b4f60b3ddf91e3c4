"""Nobody keeps an owner from a reset link by asking for too many in the owner's name."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.guesses import coming_from
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    log_in,
    register,
    reset_token,
    set_password,
    visitor,
)

MAILS = 5
CAROL = "carol@example.com"


def ask(client: FlaskClient, email: str = ALICE, address: str = "127.0.0.1") -> TestResponse:
    return client.post("/reset_password", data={"email": email}, **coming_from(address))


def statuses(client: FlaskClient, times: int, email: str = ALICE) -> list[int]:
    return [ask(client, email).status_code for _ in range(times)]


def use_up(app: Flask, email: str = ALICE) -> None:
    """Ask for all the links that strangers get, and for one more."""
    assert statuses(app.test_client(), MAILS + 1, email) == [200] * MAILS + [429]


@pytest.fixture
def owner(strict: FlaskClient) -> FlaskClient:
    """A browser that Alice logged in with."""
    register(strict)
    log_in(strict)
    strict.delete("/sessions")
    return strict


def test_the_owner_gets_a_link_when_strangers_have_used_theirs_up(owner: FlaskClient) -> None:
    use_up(owner.application)
    assert set_password(owner, reset_token(owner)).status_code == 200
    log_in(owner, password=NEW_PASSWORD)


def test_the_page_knows_the_device_too(owner: FlaskClient) -> None:
    use_up(owner.application)
    assert owner.post("/reset_password/form", data={"email": ALICE}).status_code == 200


def test_a_known_device_asks_no_more_often_than_others(
    owner: FlaskClient, clock: MovableClock
) -> None:
    assert statuses(owner, MAILS + 1) == [200] * MAILS + [429]
    assert statuses(visitor(owner.application), 1) == [200], "strangers have their own"
    clock.advance(seconds=int(ask(owner).headers["Retry-After"]))
    assert statuses(owner, 1) == [200]


def test_what_a_place_and_everybody_may_ask_for_stays(build: Build) -> None:
    app = build(STRICT, mails_per_origin=3, mails_per_hour=4)
    owner = app.test_client()
    register(owner)
    log_in(owner)
    assert statuses(owner, 4) == [200] * 3 + [429]
    elsewhere = [ask(owner, address=f"203.0.113.{n}").status_code for n in range(2)]
    assert elsewhere == [200, 429]


def test_the_device_of_another_account_is_a_stranger_and_learns_nothing(
    owner: FlaskClient,
) -> None:
    app = owner.application
    register(owner, BOB)
    other = visitor(app)
    log_in(other, BOB)
    for email in (ALICE, CAROL):
        use_up(app, email)
    known, unknown = ask(other, ALICE), ask(other, CAROL)
    refuses(known, 429, "attempts_exceeded")
    assert (known.data, known.headers["Retry-After"]) == (
        unknown.data,
        unknown.headers["Retry-After"],
    )


def test_a_password_that_was_set_elsewhere_makes_the_device_a_stranger(owner: FlaskClient) -> None:
    set_password(visitor(owner.application), reset_token(owner))
    assert statuses(visitor(owner.application), MAILS) == [200] * MAILS
    assert statuses(owner, 1) == [429]
