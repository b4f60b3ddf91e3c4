"""Another address: confirmed from the new one with the password, told to the old one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    log_in,
    mail_to,
    register,
    reset_token,
    set_password,
    token_to,
    try_login,
    visitor,
)

ELSEWHERE = "alice@example.net"
ASKED = "if that address can be yours, a link is on its way to it"


def ask(client: FlaskClient, email: str = ELSEWHERE, password: str = PASSWORD) -> TestResponse:
    return client.put("/profile/email", json={"email": email, "password": password})


def confirm(client: FlaskClient, token: str, password: str = PASSWORD) -> TestResponse:
    form = {"token": token, "password": password}
    return client.post("/profile/email/confirm", json=form)


@pytest.fixture
def token(alice: FlaskClient) -> str:
    """The token that the new address got."""
    says(ask(alice), 200, email=ELSEWHERE, message=ASKED)
    return token_to(alice.application, ELSEWHERE)


def test_the_old_address_works_until_the_new_one_is_confirmed(
    alice: FlaskClient, token: str
) -> None:
    nobody = visitor(alice.application)
    assert alice.get("/profile").get_json() == {"email": ALICE}
    assert try_login(nobody, ELSEWHERE).status_code == 401
    says(confirm(nobody, token), 200, email=ELSEWHERE, message="email changed")
    assert alice.get("/profile").get_json() == {"email": ELSEWHERE}
    assert try_login(nobody, ALICE).status_code == 401
    assert try_login(nobody, ELSEWHERE).status_code == 200


def test_the_confirmed_address_is_a_verified_one(alice: FlaskClient, token: str) -> None:
    confirm(alice, token)
    assert alice.get("/profile/export").get_json()["account"]["verified_at"]


def test_the_old_address_is_told_twice(alice: FlaskClient, token: str) -> None:
    asked = mail_to(alice.application, ALICE)
    assert "Subject: Your address is about to change\n" in asked
    assert ELSEWHERE in asked
    confirm(alice, token)
    changed = mail_to(alice.application, ALICE)
    assert "Subject: Your address was changed\n" in changed
    assert ELSEWHERE in changed


def test_the_new_address_is_not_told_the_old_one(alice: FlaskClient, token: str) -> None:
    assert ALICE not in mail_to(alice.application, ELSEWHERE)


def test_no_answer_has_the_token(alice: FlaskClient, token: str) -> None:
    answer = ask(alice, "alice@example.org")
    fresh = token_to(alice.application, "alice@example.org")
    assert fresh not in f"{answer.text} {answer.headers}"


def test_a_stranger_who_reads_the_mail_confirms_nothing(alice: FlaskClient, token: str) -> None:
    refuses(confirm(visitor(alice.application), token, WRONG), 401, "credentials_wrong")
    assert alice.get("/profile").get_json() == {"email": ALICE}
    assert confirm(alice, token).status_code == 200, "the token stays valid"


def test_a_stranger_cannot_guess_the_password_either(alice: FlaskClient, token: str) -> None:
    guesses = [confirm(visitor(alice.application), token, WRONG).status_code for _ in range(12)]
    assert guesses == [401] * 10 + [429] * 2


def test_a_token_works_once(alice: FlaskClient, token: str) -> None:
    confirm(alice, token)
    refuses(confirm(alice, token), 403, "token_invalid")


def test_a_newer_token_replaces_the_older(alice: FlaskClient, token: str) -> None:
    ask(alice, "alice@example.org")
    newer = token_to(alice.application, "alice@example.org")
    refuses(confirm(alice, token), 403, "token_invalid")
    assert confirm(alice, newer).get_json()["email"] == "alice@example.org"


def test_a_token_works_for_an_hour_from_the_request(
    alice: FlaskClient, clock: MovableClock, token: str
) -> None:
    clock.advance(minutes=60)
    refuses(confirm(alice, token), 403, "token_invalid")
    ask(alice)
    clock.advance(minutes=57)
    late = token_to(alice.application, ELSEWHERE)
    clock.advance(seconds=179)
    assert confirm(alice, late).status_code == 200


def test_how_long_is_a_setting(build: Build, clock: MovableClock) -> None:
    client = build(STRICT, link_lifetime=timedelta(minutes=15)).test_client()
    register(client)
    log_in(client)
    ask(client)
    late = token_to(client.application, ELSEWHERE)
    clock.advance(minutes=15)
    refuses(confirm(client, late), 403, "token_invalid")


def test_a_mail_that_comes_too_late_is_not_sent(alice: FlaskClient, clock: MovableClock) -> None:
    ask(alice)
    clock.advance(minutes=60)
    assert mail_to(alice.application, ELSEWHERE) == ""


def test_a_new_password_ends_a_pending_change(alice: FlaskClient, token: str) -> None:
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    alice.put("/profile/password", json=form)
    refuses(confirm(alice, token, NEW_PASSWORD), 403, "token_invalid")


def test_so_does_a_reset(alice: FlaskClient, token: str) -> None:
    set_password(alice, reset_token(alice))
    refuses(confirm(alice, token, NEW_PASSWORD), 403, "token_invalid")


def test_and_a_mail_that_was_not_sent_yet_is_not(alice: FlaskClient) -> None:
    ask(alice)
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    alice.put("/profile/password", json=form)
    assert mail_to(alice.application, ELSEWHERE) == ""


def test_a_change_ends_a_reset_link(alice: FlaskClient, token: str) -> None:
    old = reset_token(alice)
    confirm(alice, token)
    refuses(set_password(alice, old), 403, "token_invalid")


def test_a_reset_asked_for_with_the_old_address_reaches_nobody(
    alice: FlaskClient, token: str
) -> None:
    alice.post("/reset_password", data={"email": ALICE})
    confirm(alice, token)
    assert "Reset your password" not in mail_to(alice.application, ALICE)


@pytest.mark.parametrize("password", [WRONG, NEW_PASSWORD])
def test_the_password_is_needed_to_ask(alice: FlaskClient, password: str) -> None:
    refuses(ask(alice, password=password), 401, "credentials_wrong")
    assert rows(alice.application, "SELECT count(*) FROM outbox") == [(0,)]


def test_nobody_is_refused(strict: FlaskClient) -> None:
    register(strict)
    refuses(ask(strict), 403, "session_none")


@pytest.mark.parametrize("email", ["alice", "alice@", "a b@example.com", f"{'a' * 250}@b.com"])
def test_an_address_that_is_none_is_refused(alice: FlaskClient, email: str) -> None:
    refuses(ask(alice, email), 400, "email_invalid")


def test_the_same_address_is_refused_but_not_another_spelling(alice: FlaskClient) -> None:
    refuses(ask(alice, ALICE), 400, "email_invalid")
    assert ask(alice, "Alice@Example.com").status_code == 200
    token = token_to(alice.application, "Alice@Example.com")
    assert confirm(alice, token).status_code == 200
    assert alice.get("/profile").get_json() == {"email": "Alice@Example.com"}


def test_an_address_with_an_account_is_refused(alice: FlaskClient) -> None:
    register(visitor(alice.application), BOB)
    refuses(ask(alice, BOB.upper()), 409, "email_in_use")


def test_an_address_that_gets_an_account_meanwhile_is_refused(
    alice: FlaskClient, token: str
) -> None:
    register(visitor(alice.application), ELSEWHERE, NEW_PASSWORD)
    refuses(confirm(alice, token), 409, "email_in_use")
    assert alice.get("/profile").get_json() == {"email": ALICE}
    assert try_login(visitor(alice.application), ELSEWHERE, NEW_PASSWORD).status_code == 200


def test_a_mailbox_is_not_flooded(alice: FlaskClient) -> None:
    answers = [ask(alice, f"a{number}@example.net").status_code for number in range(6)]
    assert answers == [200] * 5 + [429]


@pytest.mark.parametrize("path", ["/profile/email/undo", "/profile/email/confirm"])
def test_a_token_opens_only_what_it_is_for(alice: FlaskClient, token: str, path: str) -> None:
    undo, reset = token_to(alice.application, ALICE), reset_token(alice)
    wrong = [reset, undo if path.endswith("confirm") else token]
    for each in (*wrong, token[:-1], f"{token} ", token.upper()[:35]):
        answer = alice.post(path, json={"token": each, "password": PASSWORD})
        refuses(answer, 403, "token_invalid")
    for each in (token, undo):
        refuses(set_password(alice, each), 403, "token_invalid")


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": None, "password": PASSWORD}])
@pytest.mark.parametrize("path", ["/profile/email/undo", "/profile/email/confirm"])
def test_no_token_changes_nobody(
    alice: FlaskClient, path: str, body: dict[str, str | None]
) -> None:
    refuses(alice.post(path, json=body), 400, "field_invalid")
