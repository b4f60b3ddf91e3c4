"""A new password for who knows the old one: others are out, and the owner is told."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    mails,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)


def change(client: FlaskClient, current: str = PASSWORD, new: str = NEW_PASSWORD) -> TestResponse:
    form = {"current_password": current, "new_password": new}
    return client.put("/profile/password", json=form)


def test_the_new_password_opens_the_account_and_the_old_does_not(alice: FlaskClient) -> None:
    says(change(alice), 200, email=ALICE, message="Password updated")
    elsewhere = visitor(alice.application)
    assert try_login(elsewhere, password=PASSWORD).status_code == 401
    assert try_login(elsewhere, password=NEW_PASSWORD).status_code == 200


def test_a_form_does_as_well(alice: FlaskClient) -> None:
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert alice.put("/profile/password", data=form).status_code == 200


def test_every_session_ends_and_the_one_that_asks_gets_a_fresh_id(alice: FlaskClient) -> None:
    other = visitor(alice.application)
    log_in(other)
    before = alice.get_cookie("session_id")
    assert before
    change(alice)
    after = alice.get_cookie("session_id")
    assert after
    assert after.value != before.value
    assert alice.get("/profile").get_json() == {"email": ALICE}
    for ended in (other, visitor(alice.application, before.value)):
        refuses(ended.get("/profile"), 403, "session_none")


def test_sessions_of_others_go_on(alice: FlaskClient) -> None:
    bob = visitor(alice.application)
    register(bob, BOB)
    log_in(bob, BOB)
    change(alice)
    assert bob.get("/profile").status_code == 200


def test_a_reset_link_sent_before_is_over(alice: FlaskClient) -> None:
    token = reset_token(visitor(alice.application))
    change(alice)
    refuses(set_password(alice, token), 403, "token_invalid")


@pytest.mark.parametrize("current", [WRONG, PASSWORD.upper(), f"{PASSWORD} "])
def test_the_current_password_is_needed(alice: FlaskClient, current: str) -> None:
    refuses(change(alice, current), 401, "credentials_wrong")
    assert alice.get("/profile").status_code == 200
    assert try_login(visitor(alice.application)).status_code == 200


@pytest.mark.parametrize("missing", ["current_password", "new_password"])
def test_both_fields_are_needed(alice: FlaskClient, missing: str) -> None:
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    refuses(alice.put("/profile/password", json=form | {missing: ""}), 400, "field_invalid")
    del form[missing]
    refuses(alice.put("/profile/password", json=form), 400, "field_invalid")


def test_the_policy_applies(alice: FlaskClient) -> None:
    refuses(change(alice, new="password1"), 400, "password_refused")
    refuses(change(alice, new=ALICE), 400, "password_refused")
    assert alice.get("/profile").status_code == 200


def test_nobody_is_refused(strict: FlaskClient) -> None:
    register(strict)
    refuses(change(strict), 403, "session_none")


def test_a_copied_session_cannot_guess_the_password(
    alice: FlaskClient, clock: MovableClock
) -> None:
    for _ in range(10):
        assert change(alice, WRONG).status_code == 401
    refusal = change(alice)
    refuses(refusal, 429, "attempts_exceeded")
    clock.advance(seconds=int(refusal.headers["Retry-After"]))
    assert change(alice).status_code == 200


def test_the_owner_is_told_by_mail(alice: FlaskClient) -> None:
    change(alice)
    outbox = front_desk(alice.application).outbox
    outbox.deliver_due()
    (file,) = mails(outbox.folder)
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == (ALICE, "Your password was changed")


def test_no_mail_tells_of_a_change_that_was_refused(alice: FlaskClient) -> None:
    change(alice, WRONG)
    assert rows(alice.application, "SELECT count(*) FROM outbox") == [(0,)]


def test_the_classic_profile_knows_no_such_route(classic: FlaskClient) -> None:
    register(classic)
    log_in(classic)
    for method, path in (("PUT", "/profile/password"), ("GET", "/profile/export")):
        assert classic.open(path, method=method).status_code == 404
    assert classic.delete("/profile").status_code == 405
