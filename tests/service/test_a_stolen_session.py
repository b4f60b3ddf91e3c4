"""Who copied a session guesses the password no more than ten times, and uses up nobody else's."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.service.test_change_of_address import ELSEWHERE, ask, confirm
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.guesses import coming_from
from tests.stage.passkeys import add, show
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    log_in,
    register,
    token_to,
    visitor,
)

FAILURES = 10


def change(
    client: FlaskClient, current: str = PASSWORD, address: str = "127.0.0.1"
) -> TestResponse:
    form = {"current_password": current, "new_password": NEW_PASSWORD}
    return client.put("/profile/password", json=form, **coming_from(address))


def statuses(client: FlaskClient, times: int, address: str = "127.0.0.1") -> list[int]:
    """What guesses of the password are answered."""
    return [change(client, WRONG, address).status_code for _ in range(times)]


@pytest.fixture
def owner(strict: FlaskClient) -> FlaskClient:
    """Alice, logged in on a device of her own."""
    register(strict)
    log_in(strict)
    return strict


@pytest.fixture
def thief(owner: FlaskClient) -> FlaskClient:
    """Who has another session of hers, and guessed until nothing was left."""
    thief = visitor(owner.application, log_in(visitor(owner.application)))
    assert statuses(thief, FAILURES + 1) == [401] * FAILURES + [429]
    return thief


@pytest.mark.usefixtures("thief")
def test_the_owner_still_changes_the_password(owner: FlaskClient) -> None:
    assert change(owner).status_code == 200


@pytest.mark.usefixtures("thief")
def test_the_owner_still_changes_the_address(owner: FlaskClient) -> None:
    assert ask(owner).status_code == 200
    link = token_to(owner.application, ELSEWHERE)
    assert confirm(visitor(owner.application), link).status_code == 200


def test_where_the_very_session_was_copied_a_new_login_helps(owner: FlaskClient) -> None:
    session = owner.get_cookie("session_id")
    assert session
    statuses(visitor(owner.application, session.value), FAILURES)
    refuses(change(owner), 429, "attempts_exceeded")
    log_in(owner)
    assert change(owner).status_code == 200


def test_a_new_password_puts_the_thief_out(owner: FlaskClient, thief: FlaskClient) -> None:
    change(owner)
    refuses(change(thief, NEW_PASSWORD), 403, "session_none")


def test_a_session_has_a_hundred_failures_and_no_more(
    owner: FlaskClient, clock: MovableClock
) -> None:
    thief = visitor(owner.application, log_in(visitor(owner.application)))
    for _ in range(10):
        assert statuses(thief, FAILURES) == [401] * FAILURES
        clock.advance(minutes=15)
    refuses(change(thief), 429, "attempts_exceeded")
    assert change(owner).status_code == 200


def test_guesses_behind_a_link_are_counted_by_the_link(owner: FlaskClient) -> None:
    ask(owner)
    link = token_to(owner.application, ELSEWHERE)
    stranger = visitor(owner.application)
    guesses = [confirm(stranger, link, WRONG).status_code for _ in range(FAILURES + 1)]
    assert guesses == [401] * FAILURES + [429]
    assert ask(owner).status_code == 200
    assert confirm(stranger, token_to(owner.application, ELSEWHERE)).status_code == 200


def test_more_sessions_are_no_more_guesses_from_one_place(build: Build) -> None:
    app = build(STRICT, login_failures_per_origin=12)
    register(app.test_client())
    sessions = [visitor(app, log_in(visitor(app))) for _ in range(2)]
    assert statuses(sessions[0], FAILURES, "203.0.113.1") == [401] * FAILURES
    assert statuses(sessions[1], 3, "203.0.113.1") == [401, 401, 429]


def test_an_old_one_does_not_use_up_changes_of_factors(
    owner: FlaskClient, clock: MovableClock
) -> None:
    key, thief = add(owner), visitor(owner.application, owner.get_cookie("session_id").value)  # type: ignore[union-attr]
    clock.advance(minutes=11)
    for _ in range(6):
        refuses(thief.delete(f"/factors/passkeys/{key.public_id}"), 403, "login_not_recent")
    assert show(owner, key.passkey, "proof").status_code == 200
    assert owner.delete(f"/factors/passkeys/{key.public_id}").status_code == 200
