"""A mail server that takes its time: nobody waits for it, and it is left in the end."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from datetime import timedelta
from threading import Event, Thread

import pytest
from flask import Flask

from tests.conftest import Build, PostOffice, Serve
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.smtp import SENDER, at, silent
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    ask_for_reset,
    eventually,
    front_desk,
    register,
)
from vestibule.auth import smtp, worker
from vestibule.auth.outbox import LEASE, Outbox


def outbox(app: Flask) -> Outbox:
    return front_desk(app).outbox


def outcome(app: Flask) -> str:
    """What became of the only message."""
    ((said,),) = rows(app, "SELECT outcome FROM outbox")
    return str(said)


def test_a_server_that_never_speaks_is_left_after_the_timeout(build: Build) -> None:
    with silent() as port:
        client = build(STRICT, **at(port)).test_client()
        register(client)
        rows(client.application, "DELETE FROM outbox")
        ask_for_reset(client)
        began = time.monotonic()
        outbox(client.application).deliver_due()
        assert time.monotonic() - began < 5
    assert outcome(client.application) == "connect: no answer within 0.3 seconds"


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
        rows(client.application, "DELETE FROM outbox")
        ask_for_reset(client)
        began = time.monotonic()
        outbox(client.application).deliver_due()
        assert time.monotonic() - began < 10
        stop.set()
        thread.join()
    assert outcome(client.application).endswith("it took longer than 0.5 seconds")


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
        attempts = "SELECT max(attempts) FROM outbox"
        eventually(lambda: rows(running, attempts) == [(1,)])
        # The mail hangs now, for a minute. Answers, and the notes that a thread writes, do not.
        began = time.monotonic()
        assert visitor.get("/healthz").status_code == 200
        assert visitor.post("/reset_password", data={"email": BOB}).status_code == 200
        assert time.monotonic() - began < 10
    # Closing the silent server ends the wait, so that the service can stop.


def test_a_server_that_hangs_does_not_keep_the_service_from_stopping(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "STOP_SECONDS", 0.2)
    with silent() as port:
        app = build(STRICT, **at(port, timeout=5))
        register(app.test_client())
        rows(app, "DELETE FROM outbox")
        ask_for_reset(app.test_client())
        upkeep = front_desk(app).upkeep
        upkeep.start()
        eventually(lambda: rows(app, "SELECT attempts FROM outbox") == [(1,)])
        began = time.monotonic()
        upkeep.close()
        assert time.monotonic() - began < 4
