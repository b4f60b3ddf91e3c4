"""More logins than can be hashed: what would wait too long is refused, and nothing else waits."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.stage.acts import ask_for_bob, by_form, change
from tests.stage.answers import refuses
from tests.stage.databases import on_both_databases
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import rows
from tests.stage.rsgi import Protocol, Scope
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
)
from vestibule import queues
from vestibule.auth import schemes
from vestibule.config import Settings
from vestibule.early import TooBusy, origin_reader
from vestibule.lanes import Answer, Dear, Lanes
from vestibule.queues import Queue
from vestibule.web.door import REFUSED
from vestibule.web.openapi import operations, taking_passwords

LONG = "marzipan of which nobody sees the end"
Storm = Callable[[], AbstractContextManager[list[Future[bool]]]]


@pytest.fixture
def client(build: Build) -> FlaskClient:
    """A visitor of the service; Alice has an account."""
    client = build(STRICT, hashing_wait=timedelta(seconds=60)).test_client()
    register(client)
    return client


@pytest.fixture
def storm(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Storm:
    """Something that keeps every slot busy, while nobody waits for long."""
    hasher, verify = front_desk(client.application).passwords.hasher, schemes.verify
    begun, go_on = threading.Semaphore(0), threading.Event()

    def checked(password: str, hashed: str) -> bool | None:
        if password == LONG:
            begun.release()
            assert go_on.wait(20)
        return verify(password, hashed)

    monkeypatch.setattr("vestibule.auth.hashing.verify", checked)

    @contextmanager
    def blowing() -> Iterator[list[Future[bool]]]:
        with ThreadPoolExecutor(hasher.slots) as others:
            found = [others.submit(hasher.verify, LONG, None) for _ in range(hasher.slots)]
            for _ in found:
                assert begun.acquire(timeout=20)
            monkeypatch.setattr(hasher, "wait", 0.01)
            try:
                yield found
            finally:
                monkeypatch.setattr(hasher, "wait", 60)
                go_on.set()

    return blowing


@on_both_databases
def test_who_waited_too_long_is_refused_and_may_come_again(
    client: FlaskClient, storm: Storm
) -> None:
    with storm():
        answer = try_login(client)
        refuses(answer, 503, "busy")
        assert answer.headers["Retry-After"] == "1"
    assert try_login(client).status_code == 200


def test_what_was_begun_is_finished(client: FlaskClient, storm: Storm) -> None:
    with storm() as begun:
        assert try_login(client).status_code == 503
        assert not any(each.done() for each in begun)
    assert [each.result() for each in begun] == [False] * len(begun)


def test_nobody_learns_from_it_who_has_an_account(client: FlaskClient, storm: Storm) -> None:
    with storm():
        known, unknown = try_login(client, ALICE, WRONG), try_login(client, BOB, WRONG)
    refuses(known, 503, "busy")
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)


@on_both_databases
def test_it_counts_as_no_failure(client: FlaskClient, storm: Storm) -> None:
    with storm():
        assert try_login(client, ALICE, WRONG).status_code == 503
    assert rows(client.application, "SELECT sum(hits) FROM rate_limits WHERE hits > 0") == [(2,)]
    assert try_login(client, ALICE, WRONG).status_code == 401


def test_it_is_in_the_audit_trail(client: FlaskClient, storm: Storm) -> None:
    with storm():
        try_login(client)
    front_desk(client.application).audit.flush()
    trail = rows(client.application, "SELECT act, outcome FROM audit_events ORDER BY id")
    assert trail[-1] == ("login", "busy")


ACTS: dict[str, Callable[[FlaskClient, str], TestResponse]] = {
    "registration": lambda client, _: client.post(
        "/users", data={"email": BOB, "password": PASSWORD}
    ),
    "reset": set_password,
    "change of password": lambda client, _: change(client, PASSWORD),
    "change of address": lambda client, _: ask_for_bob(client),
}


@pytest.mark.parametrize("act", ACTS)
def test_whatever_needs_a_hash_is_refused_and_changes_nothing(
    client: FlaskClient, storm: Storm, act: str
) -> None:
    token = reset_token(client)
    log_in(client)
    with storm():
        refuses(ACTS[act](client, token), 503, "busy")
    assert ACTS[act](client, token).status_code in (200, 202)


def test_a_page_says_it_too(client: FlaskClient, storm: Storm) -> None:
    token = reset_token(client)
    with storm():
        answer = by_form(client, token)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "Too many people wait" in answer.text
    assert by_form(client, token).status_code == 200


def test_the_exercise_waits_longer(build: Build) -> None:
    waits = {name: front_desk(build(name)).passwords.hasher.wait for name in (CLASSIC, STRICT)}
    assert waits == {CLASSIC: 60, STRICT: 2}


def test_every_route_that_takes_a_password_has_the_queue_of_hashes(client: FlaskClient) -> None:
    dear = taking_passwords(client.application)
    assert ("POST", "/sessions") in dear
    assert ("DELETE", "/sessions") not in dear
    described = {(method.upper(), path) for path, method, _ in operations(client.application)}
    named = {pair for pair in described if "password" in pair[1] and pair[0] != "GET"}
    # These ask for a link, and give the password up.
    assert named - dear == {
        ("POST", "/reset_password"),
        ("POST", "/reset_password/form"),
        ("DELETE", "/profile/password"),
        ("POST", "/account/factors/password"),
    }
    assert len(dear) == 17


@pytest.mark.parametrize("profile", [STRICT, CLASSIC])
@pytest.mark.parametrize("public", [None, "https://auth.example.com"])
def test_it_is_the_refusal_that_flask_would_give(
    build: Build, profile: str, public: str | None
) -> None:
    settings: Any = {"profile": profile, "public_url": public}
    refused = {"environ_overrides": {REFUSED: 503}}
    flasks = build(**settings).test_client().post("/sessions", **refused)
    early = TooBusy(Settings(**settings))(Scope("POST", "/sessions"))
    assert (early.status, early.body) == (flasks.status_code, flasks.data)
    ours, theirs = dict(early.headers), {name.lower(): value for name, value in flasks.headers}
    assert len(ours.pop("x-request-id")) == len(theirs.pop("x-request-id"))
    assert ours == theirs


def test_a_request_that_would_wait_too_long_never_reaches_flask() -> None:
    said = Answer(503, [], b"too busy")
    dear = Dear(frozenset({("POST", "/sessions")}), 1, 0, lambda _: said, lambda _: "")

    def flask(*_: object) -> list[bytes]:
        pytest.fail("it reached Flask")

    async def ask(path: str) -> Answer | None:
        protocol = Protocol()
        protocol.arrives.set()
        lanes = Lanes(flask, queue=0, dear=dear)
        await lanes.__rsgi__(Scope("POST", path, content_length="5"), protocol)
        return protocol.answer

    assert asyncio.run(ask("/sessions")) == asyncio.run(ask("/sessions/")) == said


async def crowd(queue: Queue, many: int, seconds: float) -> list[str]:
    """The answers to so many at once, in order, of whom each is worked at for so long."""

    def work() -> str:
        time.sleep(seconds)
        return "done"

    each = (queue.answer(work, lambda: "refused") for _ in range(many))
    return list(await asyncio.gather(*each))


def test_no_more_wait_than_fit() -> None:
    queue = Queue("test", threads=1, most=3, wait=60)
    assert asyncio.run(crowd(queue, 5, 0.01)) == ["done"] * 3 + ["refused"] * 2
    queue.close()


def test_who_would_wait_too_long_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # Or a machine that is slow to start a thread would refuse the first.
    monkeypatch.setattr(queues, "PATIENCE", 1e6)
    queue = Queue("test", threads=1, most=99, wait=1)
    assert asyncio.run(crowd(queue, 1, 0)) == ["done"]
    slow = Queue("test", threads=1, most=99, wait=0.001)

    async def one_by_one() -> list[str]:
        assert await crowd(slow, 1, 0.1) == ["done"]
        return await crowd(slow, 2, 0.1)

    assert asyncio.run(one_by_one()) == ["done", "refused"]
    queue.close()
    slow.close()


def test_who_waited_too_long_is_not_worked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "PATIENCE", 0.01)
    queue = Queue("test", threads=1, most=99, wait=1)
    assert asyncio.run(crowd(queue, 2, 0.05)) == ["done", "refused"]
    queue.close()


async def two_clients(queue: Queue) -> list[str]:
    """The answers to eight at once of one client, and to one of another behind them."""
    crowd = [queue.answer(lambda: "done", lambda: "refused", "flood") for _ in range(8)]
    other = queue.answer(lambda: "let in", lambda: "refused", "honest")
    return list(await asyncio.gather(*crowd, other))


def test_one_client_does_not_get_all_places() -> None:
    queue = Queue("test", threads=1, most=8, wait=60)
    assert asyncio.run(two_clients(queue)) == ["done"] * 4 + ["refused"] * 4 + ["let in"]
    # What is over counts no more.
    assert asyncio.run(two_clients(queue))[0] == "done"
    queue.close()


def test_one_client_does_not_get_all_of_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "PATIENCE", 1e6)
    queue = Queue("test", threads=1, most=99, wait=0.15)
    assert asyncio.run(crowd(queue, 1, 0.5)) == ["done"]  # Which makes the next ones wait 0.05 s.
    answers = asyncio.run(two_clients(queue))
    assert answers == ["done"] * 2 + ["refused"] * 6 + ["let in"]
    queue.close()


@pytest.mark.parametrize(
    ("proxies", "sent", "whose"),
    [
        (0, {"x_forwarded_for": "192.0.2.9"}, "127.0.0.1"),
        (1, {"x_forwarded_for": "192.0.2.9"}, "192.0.2.9"),
        (1, {"x_forwarded_for": "192.0.2.8, 2001:db8:1:2:3::4"}, "2001:db8:1:2::/64"),
        (1, {"x_forwarded_for": "192.0.2.8\n192.0.2.9"}, "192.0.2.9"),
        (1, {}, "127.0.0.1"),
    ],
)
def test_clients_are_told_apart_as_limits_count_them(
    proxies: int, sent: dict[str, str], whose: str
) -> None:
    given: dict[str, Any] = {"trusted_proxies": proxies}
    assert origin_reader(Settings(**given))(Scope("POST", "/sessions", **sent)) == whose
