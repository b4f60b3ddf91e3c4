"""Two acts at the same moment, again and again: whichever comes first, nothing is left half done.

``make test`` runs each race some dozens of times, ``make test-races`` thousands of times.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.profiles import UNLIMITED
from tests.stage.visits import front_desk, log_in, register, set_password, try_login, visitor
from vestibule.auth import Auth
from vestibule.auth.tokens import CHANGE, RESET, VERIFY

ROUNDS = int(os.environ.get("RACE_ROUNDS", "25"))
EMAIL = "racer@example.com"
OLD, CHANGED, FRESH = "marzipan yesterday", "marzipan changed", "marzipan once more"
Act = Callable[[], TestResponse]

pytestmark = on_both_databases


class Race:
    """Two threads, and an application between them."""

    def __init__(self, app: Flask, clock: MovableClock) -> None:
        self.app, self.clock = app, clock
        self.auth: Auth = front_desk(app)
        self._threads = ThreadPoolExecutor(2)
        self._gate = Barrier(2)
        self._rounds = 0

    def together(self, first: Act, second: Act) -> tuple[int, int]:
        """The statuses of both answers; never one of a failure."""
        one, two = self._threads.submit(self._run, first), self._threads.submit(self._run, second)
        statuses = one.result().status_code, two.result().status_code
        assert max(statuses) < 500, statuses
        self._rounds += 1
        if self._rounds % 200 == 0:
            # The window in which failures are counted.
            self.clock.advance(minutes=16)
        return statuses

    def token(self, purpose: str = RESET, email: str = EMAIL, about: str | None = None) -> str:
        """A token of whoever has this address."""
        with self.auth._db.begin() as tx:  # noqa: SLF001 - mail would take most of the time.
            user = tx.users.with_key(email)
            assert user is not None
            return self.auth.tokens.issue(tx, user.id, purpose, about)

    def forget_the_way_back(self) -> None:
        """Let an hour pass for the links that undo a change of address."""
        self.clock.advance(hours=1)
        self.auth.upkeep.sweep()

    def is_open(self, session_id: str | None) -> bool:
        """Whether this session is accepted."""
        return self.auth.sessions.find(session_id) is not None

    def right(self, password: str) -> bool:
        """Whether this is the racer's password."""
        return self.auth.valid_login(EMAIL, password)

    def end(self) -> None:
        """Let the threads go."""
        self._threads.shutdown()

    def _run(self, act: Act) -> TestResponse:
        self._gate.wait(30)
        return act()


# Every round may fail to log in, from the same place.
PATIENT = {**UNLIMITED, "login_failures": 1000}


@pytest.fixture
def race(build: Build, clock: MovableClock) -> Iterator[Race]:
    """The strict profile."""
    running = Race(build("strict", **PATIENT), clock)
    yield running
    running.end()


def cookie(client: FlaskClient) -> str | None:
    """The session id that a client was handed, if any."""
    found = client.get_cookie("session_id")
    return str(found.value) if found else None


def test_a_login_that_meets_a_reset_leaves_no_session_of_the_old_password(race: Race) -> None:
    register(visitor(race.app), EMAIL, OLD)
    old, new = OLD, FRESH
    for _ in range(ROUNDS):
        token, client = race.token(), visitor(race.app)
        login, reset = race.together(
            partial(try_login, client, EMAIL, old),
            partial(set_password, visitor(race.app), token, new, EMAIL),
        )
        assert (login in (200, 401), reset) == (True, 200)
        assert not race.is_open(cookie(client))
        assert race.right(new)
        old, new = new, old
    assert not race.right(new)


def test_a_change_that_meets_a_reset_is_one_of_them_and_never_both(race: Race) -> None:
    register(visitor(race.app), EMAIL, OLD)
    now = OLD
    for number in range(ROUNDS):
        client, token = visitor(race.app), race.token()
        session = log_in(client, EMAIL, now)
        form = {"current_password": now, "new_password": f"{CHANGED} {number}"}
        change, reset = race.together(
            partial(client.put, "/profile/password", data=form),
            partial(set_password, visitor(race.app), token, f"{FRESH} {number}", EMAIL),
        )
        assert (change == 200) != (reset == 200), (change, reset)
        now = f"{CHANGED if change == 200 else FRESH} {number}"
        assert race.right(now)
        assert not race.is_open(session)
        assert race.is_open(cookie(client)) == (change == 200)


def test_a_login_that_meets_the_end_of_the_account_leaves_nothing(race: Race) -> None:
    for _ in range(ROUNDS):
        leaving, client = visitor(race.app), visitor(race.app)
        register(leaving, EMAIL, OLD)
        log_in(leaving, EMAIL, OLD)
        end, login = race.together(
            partial(leaving.delete, "/profile"), partial(try_login, client, EMAIL, OLD)
        )
        assert (end, login in (200, 401)) == (200, True)
        assert not race.is_open(cookie(client))
        assert not race.right(OLD)


def test_two_registrations_of_one_address_make_one_account(race: Race) -> None:
    for number in range(ROUNDS):
        email = f"racer{number}@example.com"
        both = [{"email": email, "password": OLD}, {"email": email.upper(), "password": FRESH}]
        statuses = race.together(
            partial(visitor(race.app).post, "/users", data=both[0]),
            partial(visitor(race.app).post, "/users", data=both[1]),
        )
        assert sorted(statuses) == [200, 400]
        winner = both[statuses.index(200)]["password"]
        assert [race.auth.valid_login(email, each) for each in (OLD, FRESH)] == [
            winner == OLD,
            winner == FRESH,
        ]


def test_a_token_that_is_spent_twice_at_once_is_spent_once(race: Race) -> None:
    register(visitor(race.app), EMAIL, OLD)
    for number in range(ROUNDS):
        token = race.token()
        words = [f"{CHANGED} {number}", f"{FRESH} {number}"]
        statuses = race.together(
            partial(set_password, visitor(race.app), token, words[0], EMAIL),
            partial(set_password, visitor(race.app), token, words[1], EMAIL),
        )
        assert sorted(statuses) == [200, 403]
        assert race.right(words[statuses.index(200)])
        assert not race.right(words[statuses.index(403)])


def test_a_confirmed_address_that_meets_a_new_password_is_confirmed_before_or_not_at_all(
    race: Race,
) -> None:
    register(visitor(race.app), EMAIL, OLD)
    email, now = EMAIL, OLD
    for number in range(ROUNDS):
        client, wanted = visitor(race.app), f"racer{number}@example.net"
        log_in(client, email, now)
        token = race.token(CHANGE, email, wanted)
        changed = {"current_password": now, "new_password": f"{CHANGED} {number}"}
        form = {"token": token, "password": now}
        change, confirm = race.together(
            partial(client.put, "/profile/password", data=changed),
            partial(visitor(race.app).post, "/profile/email/confirm", data=form),
        )
        assert (change, confirm in (200, 401, 403)) == (200, True)
        email, now = wanted if confirm == 200 else email, f"{CHANGED} {number}"
        assert client.get("/profile").get_json() == {"email": email}
        assert race.auth.valid_login(email, now)
        assert not race.auth.tokens.opens(token, CHANGE)
        race.forget_the_way_back()


def test_a_verification_that_meets_another_registration_makes_no_account_of_a_strangers(
    build: Build, clock: MovableClock
) -> None:
    concealed = {"require_verified": True, "conceal_accounts": True}
    race = Race(build("strict", **concealed, **PATIENT), clock)
    for number in range(ROUNDS):
        email = f"racer{number}@example.com"
        register(visitor(race.app), email, OLD)
        client, token = visitor(race.app), race.token(VERIFY, email, None)
        verify, again = race.together(
            partial(client.post, "/verify_email", data={"token": token, "password": OLD}),
            partial(register, visitor(race.app), email, FRESH),
        )
        assert (verify in (200, 401, 403), again) == (True, 200)
        assert race.is_open(cookie(client)) == (verify == 200)
        assert race.auth.valid_login(email, OLD) == (verify == 200)
        assert try_login(visitor(race.app), email, FRESH).status_code == 401
    race.end()
