"""The old address takes a change back, whatever a thief did meanwhile."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.service.test_change_of_address import ELSEWHERE, ask, confirm
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.visits import (
    ALICE,
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


def undo(client: FlaskClient, token: str) -> TestResponse:
    return client.post("/profile/email/undo", json={"token": token})


@pytest.fixture
def thief(strict: FlaskClient) -> FlaskClient:
    """Somebody who knows Alice's password, and has asked for another address."""
    register(strict)
    log_in(strict)
    assert ask(strict).status_code == 200
    return strict


@pytest.fixture
def moved(thief: FlaskClient) -> FlaskClient:
    """The same, with the address changed."""
    assert confirm(thief, token_to(thief.application, ELSEWHERE)).status_code == 200
    return thief


def test_a_pending_change_is_cancelled_from_the_old_address(thief: FlaskClient) -> None:
    pending = token_to(thief.application, ELSEWHERE)
    owner = visitor(thief.application)
    says(
        undo(owner, token_to(owner.application, ALICE)), 200, email=ALICE, message="email restored"
    )
    refuses(confirm(thief, pending), 403, "token_invalid")
    refuses(thief.get("/profile"), 403, "session_none")


def test_a_change_is_undone_from_the_old_address(moved: FlaskClient) -> None:
    owner = visitor(moved.application)
    says(
        undo(owner, token_to(owner.application, ALICE)), 200, email=ALICE, message="email restored"
    )
    refuses(moved.get("/profile"), 403, "session_none")
    for email in (ALICE, ELSEWHERE):
        assert try_login(moved, email).status_code == 401, "the password was the thief's too"


def test_it_leads_to_a_reset(moved: FlaskClient) -> None:
    owner = visitor(moved.application)
    undo(owner, token_to(owner.application, ALICE))
    mail = mail_to(owner.application, ALICE)
    assert "Subject: You kept your address: choose a new password\n" in mail
    assert "do nothing" not in mail, "the password does not stay as it is"
    assert set_password(owner, token_to(owner.application, ALICE)).status_code == 200
    log_in(owner, ALICE, NEW_PASSWORD)
    assert owner.get("/profile").get_json() == {"email": ALICE}


def test_an_account_without_a_password_has_no_empty_one(moved: FlaskClient) -> None:
    undo(moved, token_to(moved.application, ALICE))
    for password in ("", " ", "\x00"):
        form = {"email": ALICE, "password": password}
        assert moved.post("/sessions", json=form).status_code == 401


def test_the_link_outlives_a_new_password_of_the_thief(moved: FlaskClient) -> None:
    link = token_to(moved.application, ALICE)
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert moved.put("/profile/password", json=form).status_code == 200
    assert undo(visitor(moved.application), link).status_code == 200
    assert try_login(moved, ALICE, NEW_PASSWORD).status_code == 401


def test_and_a_reset_by_the_thief(moved: FlaskClient) -> None:
    link = token_to(moved.application, ALICE)
    set_password(moved, reset_token(moved, ELSEWHERE), email=ELSEWHERE)
    assert undo(visitor(moved.application), link).status_code == 200


def test_the_address_does_not_change_again_while_the_link_is_open(
    moved: FlaskClient, clock: MovableClock
) -> None:
    refuses(ask(moved, "thief@example.org"), 409, "undo_open")
    mail_to(moved.application, ALICE)
    clock.advance(minutes=59, seconds=59)
    refuses(ask(moved, "thief@example.org"), 409, "undo_open")
    clock.advance(seconds=1)
    assert ask(moved, "thief@example.org").status_code == 200


def test_not_even_while_its_mail_waits(moved: FlaskClient, clock: MovableClock) -> None:
    clock.advance(hours=23)
    refuses(ask(moved, "thief@example.org"), 409, "undo_open")
    assert undo(moved, token_to(moved.application, ALICE)).status_code == 200


def test_nobody_else_gets_the_old_address_meanwhile(
    moved: FlaskClient, clock: MovableClock
) -> None:
    form = {"email": ALICE.upper(), "password": PASSWORD}
    assert moved.post("/users", data=form).status_code == 400
    mail_to(moved.application, ALICE)
    clock.advance(minutes=60)
    assert moved.post("/users", data=form).status_code == 200


def test_what_the_thief_asked_for_is_over(moved: FlaskClient) -> None:
    reset = reset_token(moved, ELSEWHERE)
    undo(moved, token_to(moved.application, ALICE))
    refuses(set_password(moved, reset), 403, "token_invalid")


def test_a_link_works_once_and_for_an_hour(moved: FlaskClient, clock: MovableClock) -> None:
    link = token_to(moved.application, ALICE)
    clock.advance(minutes=60)
    refuses(undo(moved, link), 403, "token_invalid")


def test_the_link_of_the_first_mail_is_replaced_by_the_second(thief: FlaskClient) -> None:
    first = token_to(thief.application, ALICE)
    confirm(thief, token_to(thief.application, ELSEWHERE))
    second = token_to(thief.application, ALICE)
    refuses(undo(thief, first), 403, "token_invalid")
    assert undo(thief, second).status_code == 200
    refuses(undo(thief, second), 403, "token_invalid")
