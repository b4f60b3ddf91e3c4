"""What one client's address may try, the network around it, and everybody together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.guesses import coming_from, enter, guess
from tests.stage.profiles import CLASSIC, STRICT, UNLIMITED
from tests.stage.visits import ALICE, BOB, PASSWORD, register

Act = Callable[..., int]
HERE, THERE = "198.51.100.1", "198.51.100.2"


def sign_up(app: Flask, number: int, address: str = HERE, password: str = PASSWORD) -> int:
    form = {"email": f"{number}@example.com", "password": password}
    answer = app.test_client().post("/users", data=form, **coming_from(address))
    return answer.status_code


def ask_for_mail(app: Flask, number: int, address: str = HERE) -> int:
    form = {"email": f"{number}@example.com"}
    answer = app.test_client().post("/reset_password", data=form, **coming_from(address))
    return answer.status_code


def stuff(app: Flask, many: int, address: str = HERE) -> list[int]:
    """As many pairs of address and password, each tried once."""
    return [guess(app, 1, f"{n}@example.com", address)[0] for n in range(many)]


def test_pairs_from_one_address_are_throttled(build: Build) -> None:
    app = build(STRICT)
    assert stuff(app, 103) == [401] * 100 + [429] * 3
    assert enter(app, ALICE) == 401, "elsewhere it goes on"


def test_right_pairs_do_not_make_room_for_wrong_ones(build: Build) -> None:
    app = build(STRICT, login_failures_per_origin=5)
    register(app.test_client())
    for _ in range(4):
        stuff(app, 1)
        assert enter(app, address=HERE) == 200
    assert stuff(app, 2) == [401, 429]
    assert enter(app, address=HERE) == 429


def test_pairs_from_all_addresses_of_one_network_are_throttled(build: Build) -> None:
    app = build(STRICT, login_failures_per_origin=20)
    found = [guess(app, 1, f"{n}@example.com", f"2001:db8:0:1::{n:x}")[0] for n in range(22)]
    assert found == [401] * 20 + [429] * 2


def test_a_customer_with_many_networks_has_the_budget_of_ten(build: Build) -> None:
    app = build(STRICT, login_failures_per_origin=2)
    found = [guess(app, 1, f"{n}@example.com", f"2001:db8:1:{n:x}::1")[0] for n in range(22)]
    assert found == [401] * 20 + [429] * 2
    assert stuff(app, 1, "2001:db8:2::1") == [401]


def test_failures_of_everybody_together_are_limited(build: Build, clock: MovableClock) -> None:
    app = build(STRICT, login_failures_per_hour=6)
    assert [guess(app, 1, address=f"203.0.113.{n}")[0] for n in range(7)] == [401] * 6 + [429]
    clock.advance(seconds=3599)
    assert guess(app, 1, BOB) == [429]
    clock.advance(seconds=1)
    assert guess(app, 1, BOB) == [401]


@pytest.mark.parametrize(
    ("name", "act"), [("registrations", sign_up), ("mails", ask_for_mail)], ids=["users", "mails"]
)
def test_what_one_place_asks_for_is_limited(
    build: Build, clock: MovableClock, name: str, act: Act
) -> None:
    app = build(STRICT, **{f"{name}_per_origin": 4})
    assert [act(app, n) for n in range(5)] == [200] * 4 + [429]
    assert act(app, 5, THERE) == 200
    clock.advance(seconds=3599)
    assert act(app, 6) == 429
    clock.advance(seconds=1)
    assert act(app, 6) == 200


@pytest.mark.parametrize(
    ("name", "act"), [("registrations", sign_up), ("mails", ask_for_mail)], ids=["users", "mails"]
)
def test_what_everybody_asks_for_is_limited(build: Build, name: str, act: Act) -> None:
    app = build(STRICT, **{f"{name}_per_hour": 4})
    assert [act(app, n, f"203.0.113.{n}") for n in range(5)] == [200] * 4 + [429]


def test_a_refused_registration_says_when(build: Build, clock: MovableClock) -> None:
    client = build(STRICT, registrations_per_origin=1).test_client()
    register(client)
    answer = client.post("/users", data={"email": BOB, "password": PASSWORD})
    refuses(answer, 429, "attempts_exceeded")
    assert answer.headers["Retry-After"] == "3600"
    clock.advance(hours=1)
    register(client, BOB)


def test_probing_for_accounts_counts_as_making_them(build: Build) -> None:
    app = build(STRICT, registrations_per_origin=3)
    assert [sign_up(app, 1) for _ in range(4)] == [200, 400, 400, 429]


def test_a_registration_that_is_refused_does_not_count(build: Build) -> None:
    app = build(STRICT, registrations_per_origin=1)
    assert [sign_up(app, 1, password="short") for _ in range(3)] == [400] * 3
    assert sign_up(app, 1) == 200


def test_none_is_no_limit(build: Build) -> None:
    app = build(STRICT, **UNLIMITED)
    assert stuff(app, 105) == [401] * 105
    assert {sign_up(app, n) for n in range(62)} == {200}
    assert {ask_for_mail(app, n) for n in range(62)} == {200}


def test_the_mails_of_one_address_are_limited_wherever_they_are_asked_for(build: Build) -> None:
    app = build(STRICT)
    assert [ask_for_mail(app, 1, f"203.0.113.{n}") for n in range(6)] == [200] * 5 + [429]


def test_who_is_logged_in_guesses_no_more_than_others(strict: FlaskClient) -> None:
    register(strict)
    strict.post("/sessions", data={"email": ALICE, "password": PASSWORD})
    form = {"current_password": "no marzipan", "new_password": f"new {PASSWORD}"}
    answers = [strict.put("/profile/password", data=form).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


def test_classic_limits_no_place(build: Build) -> None:
    client = build(CLASSIC, registrations_per_origin=1).test_client()
    for email in (ALICE, BOB, "carol@example.com"):
        register(client, email)
