"""Who shuts an account for strangers by failing has its owner told, once; an operator opens it."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from flask import Flask

from tests.conftest import Build
from tests.service.test_failures_in_a_row import shut
from tests.stage.clock import MovableClock
from tests.stage.guesses import attempt, enter, guess
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
)
from vestibule.auth.attempts import Attempts

MOST = 20
SUBJECT = "Your account is shut for new devices"


@pytest.fixture
def app(build: Build) -> Flask:
    """A service that allows twenty failures in a row, where Alice has an account."""
    app = build(STRICT, login_failures_per_account=MOST)
    register(app.test_client())
    return app


def notices(app: Flask) -> list[str]:
    """To whom the notices went, once all that is due was delivered."""
    outbox = front_desk(app).outbox
    outbox.deliver_due()
    found = [
        message_from_bytes(f.read_bytes(), policy=policy.default) for f in mails(outbox.folder)
    ]
    return [str(mail["To"]) for mail in found if mail["Subject"] == SUBJECT]


def again(app: Flask) -> None:
    """Shut the account from places that have not failed yet."""
    for place in range(100, 100 + MOST // 10):
        assert guess(app, 10, address=f"203.0.113.{place}") == [401] * 10


def test_the_failure_that_shuts_it_has_the_owner_told(app: Flask) -> None:
    for place in range(MOST - 1):
        guess(app, address=f"203.0.113.{place}")
    assert notices(app) == []
    assert guess(app, address="198.51.100.1") == [401]
    assert notices(app) == [ALICE]
    (mail,) = mails(front_desk(app).outbox.folder)
    assert "/reset_password" in mail.read_text()


@pytest.mark.parametrize("odd_from", [0, MOST - 1])
def test_a_spelling_that_no_mail_goes_to_keeps_nobody_from_being_told(
    app: Flask, odd_from: int
) -> None:
    odd = ALICE.replace("@", "\uff20")
    for place in range(MOST):
        email = odd if place >= odd_from else ALICE
        assert guess(app, email=email, address=f"203.0.113.{place}") == [401]
    assert notices(app) == [ALICE]


def test_it_is_the_owners_mail_however_the_address_was_spelled(app: Flask) -> None:
    log_in(client := app.test_client())
    for place in range(MOST):
        guess(app, email=ALICE.upper(), address=f"203.0.113.{place}")
    assert notices(app) == [ALICE]
    sent = client.get("/profile/export").get_json()["mails"]
    assert "locked" in {mail["kind"] for mail in sent}
    client.delete("/profile")
    assert rows(app, "SELECT count(*) FROM outbox WHERE template = 'locked'") == [(0,)]


def test_what_the_mail_says_is_true(app: Flask) -> None:
    known = app.test_client()
    log_in(known)
    known.delete("/sessions")
    shut(app)
    assert enter(app, address="198.51.100.2") == 429
    assert attempt(known, PASSWORD).status_code == 200
    set_password(known, reset_token(known))
    assert enter(app, address="198.51.100.2", password=NEW_PASSWORD) == 200


def test_it_is_sent_to_the_address_that_is_stored(app: Flask) -> None:
    shut(app, "ALICE@Example.COM")
    assert notices(app) == [ALICE]


def test_it_is_sent_once(app: Flask) -> None:
    shut(app)
    for place in range(5):
        assert guess(app, 1, address=f"198.51.100.{place}") == [429]
    assert notices(app) == [ALICE]


def test_a_right_password_in_between_does_not_send_it_twice(app: Flask) -> None:
    """The last but one is right and takes long; it is given back when the last was told of."""
    guess(app, 10, address="203.0.113.1")
    guess(app, MOST - 12, address="203.0.113.2")
    attempts: Attempts = front_desk(app).attempts
    with attempts.login(ALICE, ALICE, None):
        assert guess(app, address="198.51.100.1") == [401]
    assert guess(app, address="198.51.100.1") == [401]
    assert guess(app, address="198.51.100.1") == [429]
    assert notices(app) == [ALICE]


@pytest.mark.parametrize("way", ["reset", "unlock", "a year"])
def test_it_is_sent_again_when_it_was_open_in_between(
    app: Flask, clock: MovableClock, way: str
) -> None:
    shut(app)
    if way == "reset":
        set_password(app.test_client(), reset_token(app.test_client()))
    elif way == "unlock":
        front_desk(app).operators.unlock(ALICE)
    else:
        clock.advance(days=365)
    clock.advance(seconds=1)
    again(app)
    assert notices(app) == [ALICE] * 2


def test_nobody_can_tell_whether_somebody_was_told(app: Flask) -> None:
    """Something is queued for every address, and who gets it is decided later."""
    for email in (ALICE, BOB):
        shut(app, email)
    queued = rows(app, "SELECT recipient, template, user_id FROM outbox ORDER BY recipient")
    assert queued == [(ALICE, "locked", None), (BOB, "locked", None)]
    assert notices(app) == [ALICE]


@pytest.mark.parametrize("text", ["alice", "x" * 251 + "@example.com", "a\0@example.com", "%"])
def test_what_is_no_address_is_not_written_to(app: Flask, text: str) -> None:
    shut(app, text)
    assert rows(app, "SELECT count(*) FROM outbox") == [(0,)]


def test_an_account_that_waits_for_its_owner_is_not_told(build: Build) -> None:
    app = build(STRICT, login_failures_per_account=MOST, require_verified=True)
    register(app.test_client(), BOB)
    shut(app, BOB)
    assert notices(app) == []


def test_a_disabled_account_is_not_told(app: Flask) -> None:
    front_desk(app).operators.disable(ALICE)
    shut(app)
    assert notices(app) == []


def test_where_strangers_are_not_counted_together_there_is_nothing_to_tell(build: Build) -> None:
    app = build(STRICT, login_failures_per_account=0)
    register(app.test_client())
    shut(app)
    assert notices(app) == []


def test_a_known_device_shuts_nobody_out_and_tells_nobody(app: Flask, clock: MovableClock) -> None:
    known = app.test_client()
    log_in(known)
    for _ in range(3):
        assert [attempt(known, WRONG).status_code for _ in range(10)] == [401] * 10
        clock.advance(minutes=15)
    assert notices(app) == []
    assert enter(app) == 200


def test_unlocking_opens_it_and_ends_nothing(app: Flask) -> None:
    known = app.test_client()
    session = log_in(known)
    shut(app)
    front_desk(app).operators.unlock(ALICE.upper())
    assert enter(app, address="198.51.100.2") == 200
    assert known.get("/profile").status_code == 200
    assert known.get_cookie("session_id").value == session  # type: ignore[union-attr]


def test_unlocking_opens_nobody_elses(app: Flask) -> None:
    register(app.test_client(), BOB)
    shut(app, BOB)
    front_desk(app).operators.unlock(ALICE)
    assert enter(app, BOB, "198.51.100.2") == 429
