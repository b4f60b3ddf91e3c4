"""What a mail server can do wrong: nothing is lost, and it is said in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build, PostOffice
from tests.stage.clock import MovableClock
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.smtp import MailServer, at
from tests.stage.visits import (
    ALICE,
    BOB,
    ask_for_reset,
    front_desk,
    register,
    set_password,
)
from vestibule.auth.outbox import Outbox

LATER = timedelta(hours=2)


def outbox(app: Flask) -> Outbox:
    return front_desk(app).outbox


def service(build: Build, office: MailServer, *emails: str, **settings: Any) -> FlaskClient:
    """A visitor of a service that sends mail to ``office`` and knows these addresses."""
    client = build(STRICT, **office.settings(**settings)).test_client()
    for email in emails or (ALICE,):
        register(client, email)
    rows(client.application, "DELETE FROM outbox")
    return client


def state(app: Flask) -> tuple[bool, bool, str]:
    """Whether the newest message is done, whether it was given up, and what became of it."""
    ((done, dead, said),) = rows(
        app, "SELECT done_at IS NOT NULL, dead, outcome FROM outbox ORDER BY id DESC LIMIT 1"
    )
    return bool(done), bool(dead), str(said)


@pytest.mark.parametrize("where", ["recipient", "content"])
def test_a_mail_refused_for_now_is_sent_later(
    build: Build, post_office: PostOffice, clock: MovableClock, where: str
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = [f"{where} 451 4.7.1 greylisted, come again", f"{where} 421 4.3.2 busy"]
    ask_for_reset(client)
    box = outbox(client.application)
    assert (box.deliver_due(), box.deliver_due()) == (1, 0)
    assert state(client.application) == (
        False,
        False,
        f"{where}: 451 4.7.1 greylisted, come again",
    )
    for _ in range(2):
        clock.advance(seconds=26)
        assert box.deliver_due() == 1
    assert state(client.application) == (True, False, "250 2.0.0 queued as 1")
    assert set_password(client, office.tokens()[-1]).status_code == 200


@pytest.mark.parametrize("where", ["recipient", "content"])
def test_a_mail_refused_for_good_is_given_up_at_once(
    build: Build, post_office: PostOffice, clock: MovableClock, where: str
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = [f"{where} 550 5.1.1 no such user"]
    ask_for_reset(client)
    assert outbox(client.application).deliver_due() == 1
    assert state(client.application) == (True, True, f"{where}: 550 5.1.1 no such user")
    (row,) = front_desk(client.application).trail.newest(1)
    assert (row.act, row.outcome, row.user is None) == ("mail.dead", "reset", False)
    clock.advance(LATER)
    assert outbox(client.application).deliver_due() == 0


def test_what_was_given_up_is_sent_when_an_operator_says_so(
    build: Build, post_office: PostOffice, clock: MovableClock
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = ["recipient 550 5.7.1 relay denied"]
    ask_for_reset(client)
    box = outbox(client.application)
    box.deliver_due()
    clock.advance(days=2)
    assert box.retry_dead() == 1
    assert box.deliver_due() == 1
    assert state(client.application) == (True, False, "250 2.0.0 queued as 1")
    assert (box.retry(1), box.retry_dead()) == (False, 0), "what was sent is not sent again"


def test_a_refusal_that_quotes_the_link_is_stored_without_the_token(
    build: Build, post_office: PostOffice
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = ["content 554 5.7.1 this link is spam: LINK"]
    ask_for_reset(client)
    outbox(client.application).deliver_due()
    assert state(client.application)[2] == "content: 554 5.7.1 this link is spam: ..."


def test_a_connection_that_drops_before_the_mail_was_taken_costs_only_time(
    build: Build, post_office: PostOffice, clock: MovableClock
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = ["drop"]
    ask_for_reset(client)
    box = outbox(client.application)
    assert (box.deliver_due(), office.taken) == (1, [])
    assert state(client.application)[2].startswith("content: ")
    clock.advance(LATER)
    assert (box.deliver_due(), len(office.taken)) == (1, 1)


def test_a_mail_that_was_taken_unheard_is_sent_again_and_the_newer_link_works(
    build: Build, post_office: PostOffice, clock: MovableClock
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = ["deaf"]
    ask_for_reset(client)
    outbox(client.application).deliver_due()
    clock.advance(LATER)
    outbox(client.application).deliver_due()
    (first, second), (older, newer) = office.mails(), office.tokens()
    # A mailbox that throws away what it has already must not throw away the link that works.
    assert first["Message-ID"] != second["Message-ID"]
    assert set_password(client, older).status_code == 403
    assert set_password(client, newer).status_code == 200


def test_a_mail_without_a_token_is_the_same_mail_however_often_it_is_sent(
    build: Build, post_office: PostOffice, clock: MovableClock
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = ["deaf"]
    for _ in range(2):
        outbox(client.application).queue("password_changed", ALICE)
    outbox(client.application).deliver_due()
    clock.advance(LATER)
    outbox(client.application).deliver_due()
    ids = [mail["Message-ID"] for mail in office.mails()]
    assert len(ids) == 3
    assert len(set(ids)) == 2, "the one that was sent twice can be recognised; the other is its own"


def test_while_the_server_is_away_the_link_in_an_earlier_mail_stays_good(
    build: Build, post_office: PostOffice
) -> None:
    office = post_office()
    client = service(build, office)
    ask_for_reset(client)
    outbox(client.application).deliver_due()
    (token,) = office.tokens()
    office.stop()
    ask_for_reset(client)
    assert outbox(client.application).deliver_due() == 1
    assert state(client.application)[2] == "connect: Connection refused"
    assert set_password(client, token).status_code == 200


def test_a_server_that_is_away_for_a_day_makes_a_dead_letter(
    build: Build, clock: MovableClock
) -> None:
    client = build(STRICT, **at(1)).test_client()
    register(client)
    rows(client.application, "DELETE FROM outbox")
    ask_for_reset(client)
    began, tries = clock.now, 0
    while not state(client.application)[1]:
        tries += outbox(client.application).deliver_due()
        clock.advance(minutes=10)
    assert timedelta(hours=23) < clock.now - began < timedelta(hours=25)
    assert 20 < tries < 40
    assert state(client.application) == (True, True, "connect: Connection refused")


def test_a_mail_that_waits_survives_a_restart(
    build: Build, post_office: PostOffice, clock: MovableClock
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = ["recipient 450 later"]
    ask_for_reset(client)
    outbox(client.application).deliver_due()
    front_desk(client.application).upkeep.close()
    after = build(STRICT, **office.settings())
    clock.advance(LATER)
    assert (outbox(after).deliver_due(), len(office.taken)) == (1, 1)


def test_mail_up_or_down_answers_are_the_same(build: Build, post_office: PostOffice) -> None:
    up = service(build, post_office())
    down = build(STRICT, data=outbox(up.application).folder.parent / "other", **at(1)).test_client()
    register(down)
    answers = set()
    for client in (up, down):
        for email in (ALICE, BOB):
            answer = client.post("/reset_password", data={"email": email})
            headers = {k: v for k, v in answer.headers.items() if k != "X-Request-ID"}
            body = answer.text.replace(email, "E")
            headers["Content-Length"] = str(len(body))
            answers.add((answer.status_code, body, tuple(sorted(headers.items()))))
    assert len(answers) == 1
