"""Two services and two processes on one outbox: each mail is sent, and sent once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from tests.conftest import Build, PostOffice, Serve
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    eventually,
    front_desk,
)
from vestibule.auth.outbox import Outbox


def outbox(app: Flask) -> Outbox:
    return front_desk(app).outbox


def test_a_hundred_mails_are_sent_once_each_by_two_services(
    build: Build, post_office: PostOffice
) -> None:
    office = post_office()
    one = build(STRICT, **office.settings())
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
    app = build(STRICT, **office.settings())
    for number in range(100):
        outbox(app).queue("password_changed", f"{number}@example.com")
    # The clock of this process stands in the past: a day has gone for the server's.
    folder = outbox(app).folder.parent
    rows(app, "UPDATE outbox SET expires_at = ?", 10**17)
    server(data=folder, workers=2, **office.settings(smtp_timeout="5s"))
    eventually(lambda: len(office.taken) >= 100, seconds=60)
    done = "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL AND attempts = 1"
    eventually(lambda: rows(app, done) == [(100,)])
    assert len({mail["To"] for mail in office.mails()}) == len(office.taken) == 100
