"""Mail: kept until it is delivered, tried again when it cannot be, never delivered twice."""

from __future__ import annotations

import math
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build, Serve
from tests.stage.clock import MovableClock
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    PASSWORD,
    eventually,
    front_desk,
    mails,
    newest_token,
    register,
    set_password,
    wait_for_mail,
)
from vestibule.auth.outbox import Outbox


def outbox(app: Flask) -> Outbox:
    return front_desk(app).outbox


def ask(client: FlaskClient, email: str = ALICE) -> None:
    assert client.post("/reset_password", data={"email": email}).status_code == 200


def block(folder: Path) -> Callable[[], None]:
    """Put a file where the folder for mail would be; root may write to any folder."""
    folder.write_text("in the way")
    return folder.unlink


def test_a_mail_survives_a_restart(build: Build) -> None:
    before = build(STRICT).test_client()
    register(before)
    ask(before)
    front_desk(before.application).upkeep.close()
    after = build(STRICT)
    assert outbox(after).deliver_due() == 1
    assert set_password(after.test_client(), newest_token(outbox(after).folder)).status_code == 200


def test_a_request_that_fails_to_be_stored_sends_no_mail(strict: FlaskClient) -> None:
    register(strict)
    rows(strict.application, "ALTER TABLE outbox RENAME TO elsewhere")
    assert strict.post("/reset_password", data={"email": ALICE}).status_code == 503
    rows(strict.application, "ALTER TABLE elsewhere RENAME TO outbox")
    assert outbox(strict.application).deliver_due() == 0


def test_a_folder_that_cannot_be_written_is_tried_again(
    strict: FlaskClient, clock: MovableClock
) -> None:
    register(strict)
    box = outbox(strict.application)
    unblock = block(box.folder)
    ask(strict)
    assert box.deliver_due() == 1
    unblock()
    assert box.deliver_due() == 0, "not yet"
    clock.advance(seconds=13)
    assert box.deliver_due() == 1
    assert len(mails(box.folder)) == 1
    assert set_password(strict, newest_token(box.folder)).status_code == 200


def test_it_is_tried_less_and_less_often(strict: FlaskClient, clock: MovableClock) -> None:
    register(strict)
    box = outbox(strict.application)
    block(box.folder)
    ask(strict)
    waits = []
    for _ in range(12):
        assert (box.deliver_due(), box.deliver_due()) == (1, 0)
        ((due_at,),) = rows(strict.application, "SELECT due_at FROM outbox")
        waits.append(math.ceil(due_at / 1e6 - clock.now.timestamp()))
        clock.advance(seconds=waits[-1])
    most = [min(10 * 2**times, 3600) for times in range(12)]
    assert [least <= wait <= 1.25 * least + 1 for wait, least in zip(waits, most, strict=True)] == (
        [True] * 12
    )


def test_a_mail_that_failed_a_hundred_times_is_tried_every_hour(
    strict: FlaskClient, clock: MovableClock
) -> None:
    register(strict)
    box = outbox(strict.application)
    unblock = block(box.folder)
    ask(strict)
    rows(strict.application, "UPDATE outbox SET attempts = 100")
    assert (box.deliver_due(), box.deliver_due()) == (1, 0)
    unblock()
    clock.advance(hours=1.25)
    assert (box.deliver_due(), len(mails(box.folder))) == (1, 1)


def test_a_mail_that_can_never_be_written_holds_up_no_other(
    strict: FlaskClient,
) -> None:
    box = outbox(strict.application)
    for name in ("a", "b", "c"):
        register(strict, f"{name}@example.com")
        ask(strict, f"{name}@example.com")
    rows(strict.application, "UPDATE users SET email = ? WHERE email LIKE 'b@%'", "b\n")
    for _ in range(3):
        with suppress(ValueError):
            box.deliver_due()
    texts = "".join(path.read_text() for path in mails(box.folder))
    assert ("To: a@" in texts, "To: c@" in texts) == (True, True)


def test_a_mail_that_a_worker_took_and_died_with_comes_back(
    strict: FlaskClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(strict)
    box = outbox(strict.application)
    ask(strict)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", die)
        with pytest.raises(KeyboardInterrupt):
            box.deliver_due()
    assert (box.deliver_due(), mails(box.folder)) == (0, [])
    clock.advance(minutes=2)
    assert (box.deliver_due(), len(mails(box.folder))) == (1, 1)


def test_two_workers_never_deliver_one_message_twice(build: Build) -> None:
    one, two = build(STRICT), build(STRICT)
    client = one.test_client()
    for number in range(20):
        register(client, f"{number}@example.com")
        ask(client, f"{number}@example.com")
    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(lambda app: outbox(app).deliver_due(), [one, two, one, two]))
    assert (taken, len(mails(outbox(one).folder))) == (20, 20)
    assert rows(one, "SELECT DISTINCT attempts FROM outbox") == [(1,)]


def test_two_processes_never_do_either(server: Serve) -> None:
    running = server(workers=2)
    ask = running.visitor()
    for number in range(6):
        form = {"email": f"{number}@example.com", "password": PASSWORD}
        assert ask.post("/users", data=form).status_code == 200
        assert ask.post("/reset_password", data=form).status_code == 200
    wait_for_mail(running.data / "mail", 6)
    database = running
    eventually(lambda: rows(database, "SELECT count(done_at) FROM outbox") == [(6,)])
    assert rows(database, "SELECT DISTINCT attempts FROM outbox") == [(1,)]
    assert len(mails(running.data / "mail")) == 6


def test_a_mail_that_was_waiting_is_delivered_by_the_next_server(
    server: Serve, build: Build
) -> None:
    app = build(STRICT)
    register(app.test_client())
    rows(app, "DELETE FROM outbox")
    ask(app.test_client())
    rows(app, "UPDATE outbox SET due_at = 1")
    folder = outbox(app).folder
    server(data=folder.parent)
    wait_for_mail(folder)


def test_mails_are_their_owners_alone(strict: FlaskClient) -> None:
    register(strict)
    ask(strict)
    folder = outbox(strict.application).folder
    outbox(strict.application).deliver_due()
    (path,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.suffix == ".eml"


def test_an_address_of_other_letters_gets_its_mail(strict: FlaskClient) -> None:
    register(strict, "älice@exämple.com")
    ask(strict, "älice@exämple.com")
    assert outbox(strict.application).deliver_due() == 1
    assert newest_token(outbox(strict.application).folder)
