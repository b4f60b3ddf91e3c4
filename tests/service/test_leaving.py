"""A deleted account leaves nothing behind but a mail that says so."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

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
    front_desk,
    log_in,
    mails,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)


def test_the_account_is_gone(alice: FlaskClient) -> None:
    says(alice.delete("/profile"), 200, email=ALICE, message="account deleted")
    assert try_login(alice).status_code == 401
    register(alice)


def test_every_session_is_over_and_the_cookie_dropped(alice: FlaskClient) -> None:
    session_id = log_in(visitor(alice.application))
    alice.delete("/profile")
    assert alice.get_cookie("session_id") is None
    refuses(visitor(alice.application, session_id).get("/profile"), 403, "session_none")


def test_a_reset_link_is_over(alice: FlaskClient) -> None:
    token = reset_token(alice)
    alice.delete("/profile")
    refuses(set_password(alice, token), 403, "token_invalid")


def test_nothing_of_it_is_stored_but_the_last_mail(alice: FlaskClient) -> None:
    reset_token(alice)
    log_in(visitor(alice.application))
    alice.delete("/profile")
    for table in ("users", "sessions", "tokens"):
        assert rows(alice.application, f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608
    assert rows(alice.application, "SELECT template, recipient FROM outbox") == [
        ("account_deleted", ALICE)
    ]


def test_others_stay(alice: FlaskClient) -> None:
    bob = visitor(alice.application)
    register(bob, BOB)
    log_in(bob, BOB)
    alice.delete("/profile")
    assert bob.get("/profile").status_code == 200


def test_a_mail_confirms_it(alice: FlaskClient) -> None:
    alice.delete("/profile")
    outbox = front_desk(alice.application).outbox
    outbox.deliver_due()
    assert "Subject: Your account was deleted\n" in mails(outbox.folder)[-1].read_text()


def test_it_needs_a_recent_login(alice: FlaskClient, clock: MovableClock) -> None:
    clock.advance(minutes=10)
    refuses(alice.delete("/profile"), 403, "login_not_recent")
    log_in(alice)
    clock.advance(minutes=9, seconds=59)
    assert alice.delete("/profile").status_code == 200


def test_how_recent_is_a_setting(build: Build, clock: MovableClock) -> None:
    client = build(STRICT, recent_login=timedelta(minutes=1)).test_client()
    register(client)
    log_in(client)
    clock.advance(minutes=1)
    refuses(client.delete("/profile"), 403, "login_not_recent")


def test_nobody_deletes_nothing(alice: FlaskClient) -> None:
    refuses(visitor(alice.application).delete("/profile"), 403, "session_none")
    assert alice.get("/profile").status_code == 200


def test_mail_that_was_asked_for_in_another_spelling_goes_too(alice: FlaskClient) -> None:
    alice.post("/reset_password", data={"email": ALICE.upper()})
    front_desk(alice.application).outbox.deliver_due()
    assert ALICE.upper() in str(alice.get("/profile/export").get_json()["mails"])
    assert alice.delete("/profile").status_code == 200
    left = rows(alice.application, "SELECT template FROM outbox")
    assert left == [("account_deleted",)]


def test_who_comes_next_inherits_nothing(alice: FlaskClient) -> None:
    form = {"current_password": WRONG, "new_password": PASSWORD}
    for _ in range(11):
        alice.put("/profile/password", data=form)
    log_in(alice)
    assert alice.delete("/profile").status_code == 200
    bob = visitor(alice.application)
    register(bob, BOB)
    log_in(bob, BOB)
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert bob.put("/profile/password", data=form).status_code == 200
    told = bob.get("/profile/activity").get_json()["activity"]
    assert {each["act"] for each in told} <= {"register", "login", "password.change"}
