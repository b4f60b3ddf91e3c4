"""A database that somebody else has locked: writers wait and are told, readers go on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pysqlite3 import dbapi2 as sqlite

from tests.conftest import Serve
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import only_sqlite
from tests.stage.raw import file_of
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
)

pytestmark = only_sqlite("a file has one lock; see test_conflicts")


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers of applications in this process wait 50 ms, not five seconds."""
    monkeypatch.setattr("vestibule.db.sqlite.BUSY_SECONDS", 0.05)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Somebody else is in the middle of a write."""
    other = sqlite.connect(database, isolation_level=None, check_same_thread=False)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


def test_a_write_is_503_and_nothing_is_changed(client: FlaskClient) -> None:
    register(client)
    token = reset_token(client)
    with locked(file_of(client.application)):
        for response in (
            client.post("/users", data={"email": BOB, "password": PASSWORD}),
            try_login(client),
            set_password(client, token),
            client.post("/reset_password", data={"email": ALICE}),
        ):
            refuses(response, 503, "storage_unavailable")
            assert int(response.headers["Retry-After"]) >= 1
    assert try_login(client, BOB).status_code == 401
    assert try_login(client, password=NEW_PASSWORD).status_code == 401
    assert set_password(client, token).status_code == 200


def test_a_log_out_that_could_not_be_written_says_so(client: FlaskClient) -> None:
    register(client)
    log_in(client)
    with locked(file_of(client.application)):
        refuses(client.delete("/sessions"), 503, "storage_unavailable")
        says(client.get("/profile"), 200, email=ALICE)
    assert client.delete("/sessions").status_code == 302


def test_it_heals_as_soon_as_the_lock_is_gone(client: FlaskClient) -> None:
    for _ in range(3):
        with locked(file_of(client.application)):
            assert try_login(client).status_code in (401, 503)
    register(client)
    log_in(client)


def test_readers_are_not_held_up(strict: FlaskClient, clock: MovableClock) -> None:
    register(strict)
    log_in(strict)
    clock.advance(minutes=5)  # Its use is to be written down.
    with locked(file_of(strict.application)):
        says(strict.get("/profile"), 200, email=ALICE)
        assert strict.get("/readyz").status_code == 200


def test_a_visit_that_could_not_be_written_down_is_not_forgotten(
    strict: FlaskClient, clock: MovableClock
) -> None:
    register(strict)
    log_in(strict)
    sessions = front_desk(strict.application).sessions
    clock.advance(days=6)
    strict.get("/profile")
    with locked(file_of(strict.application)), pytest.raises(Exception, match="locked"):
        sessions.record_visits()
    sessions.record_visits()
    clock.advance(days=6)
    says(strict.get("/profile"), 200, email=ALICE)


def test_in_a_real_server_a_writer_waits_and_readers_do_not(server: Serve) -> None:
    running = server()
    ask = running.visitor()
    form = {"email": ALICE, "password": PASSWORD}
    for path in ("/users", "/sessions"):
        assert ask.post(path, data=form).status_code == 200
    with ThreadPoolExecutor() as pool:
        with locked(running.data / "vestibule.db"):
            later = pool.submit(
                running.visitor().post, "/users", data={"email": BOB, "password": PASSWORD}
            )
            for _ in range(50):
                assert ask.get("/profile", timeout=2).status_code == 200
            assert not later.done()
        assert later.result(10).status_code == 200
