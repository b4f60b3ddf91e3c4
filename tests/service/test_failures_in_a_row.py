"""At most 100 failures of an account from strange devices, until it has a new password (NIST)."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.guesses import attempt, enter, guess
from tests.stage.profiles import STRICT
from tests.stage.visits import ALICE, BOB, NEW_PASSWORD, register, reset_token, set_password

MOST = 20
YEAR = 365 * 24 * 3600


@pytest.fixture
def strict(build: Build) -> FlaskClient:
    """A visitor of a service that allows twenty failures in a row."""
    return build(STRICT, login_failures_per_account=MOST).test_client()


def shut(app: Flask, email: str = ALICE, most: int = MOST) -> None:
    """Fail as often as one may, ten times from each place."""
    for place in range(most // 10):
        assert guess(app, 10, email, f"203.0.113.{place}") == [401] * 10


def test_the_hundred_and_first_is_refused_from_anywhere(build: Build) -> None:
    app = build(STRICT)
    register(app.test_client())
    shut(app, most=100)
    assert guess(app, 1, address="198.51.100.1") == [429]
    assert enter(app, address="198.51.100.2") == 429


def test_time_alone_does_not_open_it_for_a_year(strict: FlaskClient, clock: MovableClock) -> None:
    app = strict.application
    register(strict)
    shut(app)
    clock.advance(days=90)
    answer = attempt(app.test_client(), NEW_PASSWORD)
    refuses(answer, 429, "attempts_exceeded")
    assert "password" in answer.get_json()["detail"], "it says what helps"
    seconds = int(answer.headers["Retry-After"])
    assert seconds == YEAR - 90 * 24 * 3600
    clock.advance(seconds=seconds - 1)
    assert enter(app) == 429
    clock.advance(seconds=1)
    assert enter(app) == 200


def test_failures_of_months_add_up(strict: FlaskClient, clock: MovableClock) -> None:
    app = strict.application
    register(strict)
    for _ in range(MOST):
        assert guess(app) == [401]
        clock.advance(days=3)
    assert guess(app) == [429]


def test_a_login_of_the_owner_refills_nothing(strict: FlaskClient, clock: MovableClock) -> None:
    app = strict.application
    register(strict)
    for _ in range(MOST // 10):
        assert guess(app, 9) == [401] * 9
        assert enter(app) == 200
        clock.advance(minutes=15)
        assert guess(app, 1) == [401]
        clock.advance(minutes=15)
    assert guess(app, 1) == [429]


def test_a_reset_by_mail_opens_it(strict: FlaskClient) -> None:
    app = strict.application
    register(strict)
    shut(app)
    assert set_password(strict, reset_token(strict)).status_code == 200
    assert enter(app, address="198.51.100.2", password=NEW_PASSWORD) == 200
    assert guess(app, 1, address="203.0.113.1") == [429], "but not for who failed there just now"


def test_a_reset_opens_nobody_elses(strict: FlaskClient) -> None:
    register(strict)
    register(strict, BOB)
    shut(strict.application, BOB)
    set_password(strict, reset_token(strict))
    assert enter(strict.application, BOB, "198.51.100.2") == 429


def test_an_account_that_is_none_is_shut_the_same(strict: FlaskClient) -> None:
    app = strict.application
    register(strict)
    answers = []
    for email in (ALICE, BOB):
        shut(app, email)
        answer = attempt(app.test_client(), NEW_PASSWORD, email, "198.51.100.1")
        answers.append((answer.status_code, answer.data, answer.headers["Retry-After"]))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "spelling", ["ALICE@EXAMPLE.COM", "alice@EXAMPLE.com", "\uff41lice@example.com"]
)
def test_another_spelling_is_no_other_account(strict: FlaskClient, spelling: str) -> None:
    register(strict)
    shut(strict.application)
    assert guess(strict.application, 1, spelling, "198.51.100.1") == [429]


def test_domains_in_punycode_are_the_same_account(build: Build) -> None:
    app = build(STRICT, login_failures=3)
    spellings = ["x@b\u00fccher.example", "X@xn--bcher-kva.example", "x@B\u00dcCHER.example"]
    assert [guess(app, 1, spelling) for spelling in spellings] == [[401]] * 3
    assert guess(app, 1, spellings[0]) == [429]


def test_how_many_is_a_setting_within_the_standard(build: Build) -> None:
    app = build(STRICT, login_failures_per_account=5)
    assert guess(app, 6) == [401] * 5 + [429]


def test_another_setting_does_not_count_anew(build: Build) -> None:
    shut(build(STRICT, login_failures_per_account=MOST))
    later = build(STRICT, login_failures_per_account=MOST + 1)
    assert guess(later, 2, address="198.51.100.1") == [401, 429]
