"""A device that an account was opened on has failures of its own: nobody locks the owner out."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.guesses import attempt, enter, guess
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import everything, file_of, rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    register,
    reset_token,
    set_password,
)
from vestibule.auth.errors import StorageUnavailable
from vestibule.db.users import Users

FAILURES = 10
DAY = 24 * 3600


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("device")
    assert cookie is not None
    return str(cookie.value)


def with_cookie(app: Flask, value: str) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("device", value)
    return client


@pytest.fixture
def owner(build: Build) -> FlaskClient:
    """A browser that Alice logged in with; her account is shut for strangers now."""
    owner = build(STRICT, login_failures_per_account=12, login_failures_per_origin=20).test_client()
    register(owner)
    log_in(owner)
    owner.delete("/sessions")
    guess(owner.application, FAILURES)
    guess(owner.application, 2, address="203.0.113.5")
    assert enter(owner.application) == enter(owner.application, address="192.0.2.1") == 429
    return owner


def test_the_owner_enters_while_strangers_are_shut_out(owner: FlaskClient) -> None:
    assert attempt(owner, PASSWORD).status_code == 200
    assert attempt(owner, PASSWORD, address="203.0.113.5").status_code == 200


def test_the_owner_enters_where_the_whole_place_is_shut_out(owner: FlaskClient) -> None:
    for number in range(20):
        guess(owner.application, 1, f"{number}@example.com", "198.51.100.9")
    assert guess(owner.application, 1, BOB, "198.51.100.9") == [429]
    assert attempt(owner, PASSWORD, address="198.51.100.9").status_code == 200


def test_a_known_device_guesses_no_more_than_a_strange_one(
    owner: FlaskClient, clock: MovableClock
) -> None:
    statuses = [attempt(owner, WRONG).status_code for _ in range(FAILURES + 1)]
    assert statuses == [401] * FAILURES + [429]
    answer = attempt(owner, PASSWORD, address="192.0.2.77")
    assert answer.status_code == 429
    clock.advance(seconds=int(answer.headers["Retry-After"]) - 1)
    assert attempt(owner, PASSWORD).status_code == 429
    clock.advance(seconds=1)
    assert attempt(owner, PASSWORD).status_code == 200


def test_a_known_device_has_a_hundred_failures_in_a_row(
    owner: FlaskClient, clock: MovableClock
) -> None:
    for _ in range(10):
        assert [attempt(owner, WRONG).status_code for _ in range(10)] == [401] * 10
        clock.advance(minutes=15)
    assert attempt(owner, PASSWORD).status_code == 429


def test_what_the_owners_device_fails_is_no_strangers_failure(strict: FlaskClient) -> None:
    register(strict)
    log_in(strict)
    for _ in range(FAILURES):
        attempt(strict, WRONG)
    assert guess(strict.application, FAILURES + 1) == [401] * FAILURES + [429]


def test_the_cookie_opens_nothing(owner: FlaskClient) -> None:
    thief = with_cookie(owner.application, cookie_of(owner))
    assert thief.get("/profile").status_code == 403
    assert attempt(thief, WRONG).status_code == 401


def test_a_copied_cookie_shares_its_budget_and_no_login_refills_it(owner: FlaskClient) -> None:
    thief = with_cookie(owner.application, cookie_of(owner))
    assert [attempt(thief, WRONG).status_code for _ in range(6)] == [401] * 6
    assert attempt(owner, PASSWORD).status_code == 200
    assert [attempt(thief, WRONG).status_code for _ in range(5)] == [401] * 4 + [429]
    assert attempt(owner, PASSWORD).status_code == 200, "who entered has a new number"


def test_another_accounts_cookie_is_none(owner: FlaskClient) -> None:
    register(owner, BOB)
    attacker = owner.application.test_client()
    assert attempt(attacker, PASSWORD, BOB, "192.0.2.9").status_code == 200
    assert attempt(attacker, WRONG, ALICE, "192.0.2.9").status_code == 429


@pytest.mark.parametrize("change", ["number", "bound", "ends", "signature", "cut", "doubled"])
def test_a_cookie_that_was_changed_is_none(owner: FlaskClient, change: str) -> None:
    number, bound, ends, signature = cookie_of(owner).split(".")
    forged = {
        "number": ["0" * 32, bound, ends, signature],
        "bound": [number, "0" * 32, ends, signature],
        "ends": [number, bound, str(int(ends) + 1), signature],
        "signature": [number, bound, ends, signature[::-1]],
        "cut": [number, bound, ends],
        "doubled": [number, bound, ends, ends, signature],
    }[change]
    thief = with_cookie(owner.application, ".".join(forged))
    assert attempt(thief, PASSWORD).status_code == 429


@pytest.mark.parametrize(
    "value", ["", "~", "~~~~~~~~~", ".", "....", "x" * 4000, "\N{SNOWMAN}", "%00", "a.b.c.d~e"]
)
def test_a_cookie_that_is_no_such_thing_is_none(owner: FlaskClient, value: str) -> None:
    assert attempt(with_cookie(owner.application, value), PASSWORD).status_code == 429


def test_a_new_password_makes_every_device_strange(strict: FlaskClient) -> None:
    app = strict.application
    register(strict)
    log_in(strict)
    assert set_password(app.test_client(), reset_token(strict)).status_code == 200
    guess(app, FAILURES)
    assert attempt(strict, NEW_PASSWORD).status_code == 429
    assert attempt(strict, NEW_PASSWORD, address="192.0.2.1").status_code == 200
    assert attempt(strict, NEW_PASSWORD).status_code == 200, "known again"


@pytest.mark.parametrize("by", ["a program", "a page"])
def test_but_for_the_known_one_that_it_was_set_on(strict: FlaskClient, by: str) -> None:
    app = strict.application
    register(strict, BOB)
    log_in(strict, BOB)
    register(strict)
    log_in(strict)
    before, token = cookie_of(strict), reset_token(strict)
    if by == "a page":
        form = {"reset_token": token, "new_password": NEW_PASSWORD}
        assert strict.post("/reset_password/new", data=form).status_code == 200
    else:
        assert set_password(strict, token).status_code == 200
    guess(app, FAILURES)
    guess(app, FAILURES, BOB)
    assert enter(app) == 429
    assert attempt(with_cookie(app, before), NEW_PASSWORD).status_code == 429
    assert cookie_of(strict).count("~") == 1, "of two accounts, each once"
    assert attempt(strict, NEW_PASSWORD).status_code == 200
    assert attempt(strict, PASSWORD, BOB).status_code == 200


def test_it_has_no_more_guesses_by_that(strict: FlaskClient) -> None:
    """Whoever reads the mail could reset, and guess at a factor, on and on."""
    register(strict)
    log_in(strict)
    assert [attempt(strict, WRONG).status_code for _ in range(FAILURES)] == [401] * FAILURES
    assert set_password(strict, reset_token(strict)).status_code == 200
    assert attempt(strict, NEW_PASSWORD).status_code == 429


def test_a_strange_one_becomes_known_by_no_reset(strict: FlaskClient) -> None:
    register(strict)
    client = strict.application.test_client()
    answer = set_password(client, reset_token(client))
    assert "Set-Cookie" not in answer.headers


def test_a_device_is_known_for_400_days(strict: FlaskClient, clock: MovableClock) -> None:
    register(strict)
    sent = attempt(strict, PASSWORD).headers.getlist("Set-Cookie")[1]
    assert f"Max-Age={400 * DAY}" in sent
    value = cookie_of(strict)
    for days, status in ((399, 200), (1, 429)):
        clock.advance(days=days)
        guess(strict.application, FAILURES)
        device = with_cookie(strict.application, value)
        assert attempt(device, PASSWORD).status_code == status


def test_a_device_stays_known_when_keys_are_rotated(owner: FlaskClient) -> None:
    front_desk(owner.application).keys.rotate()
    assert attempt(owner, PASSWORD).status_code == 200


def test_a_device_is_known_to_every_worker(owner: FlaskClient, build: Build) -> None:
    other = with_cookie(build(STRICT), cookie_of(owner))
    assert attempt(other, PASSWORD).status_code == 200


def test_a_browser_is_known_to_a_whole_family(build: Build) -> None:
    app = build(STRICT, login_failures=1)
    browser, people = app.test_client(), [f"{n}@example.com" for n in range(7)]
    for email in people:
        register(browser, email)
        log_in(browser, email)
        guess(app, 1, email)
    statuses = [attempt(browser, PASSWORD, email).status_code for email in people]
    assert statuses == [429, 429, 200, 200, 200, 200, 200], "the last five"
    assert len(cookie_of(browser)) < 1000


def test_nothing_of_it_is_stored(strict: FlaskClient) -> None:
    register(strict)
    log_in(strict)
    attempt(strict, WRONG)
    stored = everything(file_of(strict.application).parent)
    for part in cookie_of(strict).split("."):
        assert part.encode() not in stored


def test_it_tells_nothing_of_the_account(strict: FlaskClient) -> None:
    register(strict)
    log_in(strict)
    ((pseudonym,),) = rows(strict.application, "SELECT pseudonym FROM users")
    assert pseudonym not in cookie_of(strict)
    assert ALICE not in cookie_of(strict)


def test_classic_knows_no_devices(build: Build) -> None:
    client = build(CLASSIC).test_client()
    register(client)
    log_in(client)
    assert client.get_cookie("device") is None


def test_a_login_stays_done_where_the_device_cannot_be_known(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = build(STRICT).test_client()
    register(client)

    def gone(*_: object) -> None:
        raise StorageUnavailable("the database went away")

    monkeypatch.setattr(Users, "of_session", gone)
    assert attempt(client, PASSWORD).status_code == 200
    assert client.get_cookie("device") is None
    assert client.get("/profile").status_code == 200
