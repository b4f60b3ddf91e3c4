"""What a mail server can do wrong: nothing is lost, nobody waits, and it is said in words."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build, PostOffice, Serve
from tests.stage.clock import MovableClock
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.smtp import SENDER, MailServer
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    eventually,
    front_desk,
    register,
    set_password,
)
from vestibule.auth import smtp
from vestibule.auth.outbox import LEASE, Outbox

LATER = timedelta(hours=2)


def outbox(app: Flask) -> Outbox:
    return front_desk(app).outbox


def ask(client: FlaskClient, email: str = ALICE) -> None:
    assert client.post("/reset_password", data={"email": email}).status_code == 200


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


@contextmanager
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


def at(port: int, timeout: float = 0.3) -> dict[str, Any]:
    """Settings for a mail server at this port."""
    return {
        "smtp_url": f"smtp://localhost:{port}",
        "mail_from": SENDER,
        "smtp_timeout": timedelta(seconds=timeout),
    }


@pytest.mark.parametrize("where", ["recipient", "content"])
def test_a_mail_refused_for_now_is_sent_later(
    build: Build, post_office: PostOffice, clock: MovableClock, where: str
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = [f"{where} 451 4.7.1 greylisted, come again", f"{where} 421 4.3.2 busy"]
    ask(client)
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
    ask(client)
    assert outbox(client.application).deliver_due() == 1
    assert state(client.application) == (True, True, f"{where}: 550 5.1.1 no such user")
    clock.advance(LATER)
    assert outbox(client.application).deliver_due() == 0


def test_what_was_given_up_is_sent_when_an_operator_says_so(
    build: Build, post_office: PostOffice, clock: MovableClock
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = ["recipient 550 5.7.1 relay denied"]
    ask(client)
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
    ask(client)
    outbox(client.application).deliver_due()
    assert state(client.application)[2] == "content: 554 5.7.1 this link is spam: ..."


def test_a_connection_that_drops_before_the_mail_was_taken_costs_only_time(
    build: Build, post_office: PostOffice, clock: MovableClock
) -> None:
    office = post_office()
    client = service(build, office)
    office.trouble = ["drop"]
    ask(client)
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
    ask(client)
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
    ask(client)
    outbox(client.application).deliver_due()
    (token,) = office.tokens()
    office.stop()
    ask(client)
    assert outbox(client.application).deliver_due() == 1
    assert state(client.application)[2] == "connect: Connection refused"
    assert set_password(client, token).status_code == 200


def test_a_server_that_is_away_for_a_day_makes_a_dead_letter(
    build: Build, clock: MovableClock
) -> None:
    client = build(STRICT, **at(1)).test_client()
    register(client)
    ask(client)
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
    ask(client)
    outbox(client.application).deliver_due()
    front_desk(client.application).upkeep.close()
    after = build(STRICT, **office.settings())
    clock.advance(LATER)
    assert (outbox(after).deliver_due(), len(office.taken)) == (1, 1)


def test_a_server_that_never_speaks_is_left_after_the_timeout(build: Build) -> None:
    with silent() as port:
        client = build(STRICT, **at(port)).test_client()
        register(client)
        ask(client)
        began = time.monotonic()
        outbox(client.application).deliver_due()
        assert time.monotonic() - began < 5
    assert state(client.application) == (False, False, "connect: no answer within 0.3 seconds")


def test_a_server_that_drips_is_left_when_the_mail_took_too_long_as_a_whole(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "WHOLE_SECONDS", 0.5)
    stop = Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with closing(connection):
            while not stop.wait(0.05):
                try:
                    connection.send(b"2")
                except OSError:
                    return

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = Thread(target=drip, args=(listening,))
        thread.start()
        client = build(STRICT, **at(listening.getsockname()[1], timeout=30)).test_client()
        register(client)
        ask(client)
        began = time.monotonic()
        outbox(client.application).deliver_due()
        assert time.monotonic() - began < 10
        stop.set()
        thread.join()
    assert state(client.application)[2].endswith("it took longer than 0.5 seconds")


def test_no_conversation_outlasts_the_lease() -> None:
    assert timedelta(seconds=smtp.WHOLE_SECONDS + smtp.QUIT_SECONDS) < LEASE


def test_a_server_that_hangs_holds_up_no_answer_and_no_other_errand(
    server: Serve, post_office: PostOffice
) -> None:
    with silent() as port:
        running = server(smtp_url=f"smtp://localhost:{port}", mail_from=SENDER, smtp_timeout="60s")
        visitor = running.visitor()
        account = {"email": ALICE, "password": PASSWORD}
        assert visitor.post("/users", data=account).status_code == 200
        assert visitor.post("/reset_password", data={"email": ALICE}).status_code == 200
        database = running.data / "vestibule.db"
        attempts = "SELECT max(attempts) FROM outbox"
        eventually(lambda: rows(database, attempts) == [(1,)])
        # The mail hangs now, for a minute. Answers, and the notes that a thread writes, do not.
        began = time.monotonic()
        assert visitor.get("/healthz").status_code == 200
        assert visitor.post("/reset_password", data={"email": BOB}).status_code == 200
        assert time.monotonic() - began < 10
    # Closing the silent server ends the wait, so that the service can stop.


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


def test_a_hundred_mails_are_sent_once_each_by_two_services(
    build: Build, post_office: PostOffice
) -> None:
    office = post_office()
    one = service(build, office).application
    two = build(STRICT, **office.settings())
    for number in range(100):
        outbox(one).queue("password_changed", f"{number}@example.com")
    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(lambda app: outbox(app).deliver_due(), [one, two, one, two]))
    assert taken == 100
    assert len({mail["To"] for mail in office.mails()}) == len(office.taken) == 100


def test_a_hundred_mails_are_sent_once_each_by_two_processes(
    server: Serve, build: Build, post_office: PostOffice
) -> None:
    office = post_office()
    app = service(build, office).application
    for number in range(100):
        outbox(app).queue("password_changed", f"{number}@example.com")
    # The clock of this process stands in the past.
    folder = outbox(app).folder.parent
    rows(app, "UPDATE outbox SET expires_at = expires_at + 1000000 * 86400 * 3650")
    server(data=folder, workers=2, **office.settings(smtp_timeout="5s"))
    eventually(lambda: len(office.taken) >= 100, seconds=60)
    done = "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL AND attempts = 1"
    eventually(lambda: rows(app, done) == [(100,)])
    assert len({mail["To"] for mail in office.mails()}) == len(office.taken) == 100
