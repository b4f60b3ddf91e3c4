"""Two at once on one account: whoever is second finds what the first one left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.service.test_change_of_address import ELSEWHERE, ask, confirm
from tests.service.test_undoing_a_change_of_address import undo
from tests.service.test_verification import verify
from tests.stage.crowd import at_once
from tests.stage.profiles import STRICT, UNLIMITED
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    PASSWORD,
    log_in,
    register,
    set_password,
    token_to,
    try_login,
    visitor,
)

ROUNDS = 15
CONCEALED = {"require_verified": True, "conceal_accounts": True}
Act = Callable[[FlaskClient], int]


@pytest.fixture
def strict(build: Build, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A visitor of the strict profile, who may try as often as the rounds need."""
    return build(STRICT, **UNLIMITED).test_client()


def together(client: FlaskClient, *acts: Act) -> list[int]:
    """The statuses of what is done at the same moment, each by a visitor of its own."""
    return at_once(len(acts), lambda number: acts[number](visitor(client.application)))


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_confirmation_and_a_reset_exclude_each_other(strict: FlaskClient, _: int) -> None:
    register(strict)
    log_in(strict)
    ask(strict)
    change = token_to(strict.application, ELSEWHERE)
    strict.post("/reset_password", data={"email": ALICE})
    reset = token_to(strict.application, ALICE)
    changed, done = together(
        strict,
        lambda one: confirm(one, change).status_code,
        lambda one: set_password(one, reset).status_code,
    )
    assert sorted((changed, done)) in ([200, 401], [200, 403])
    email, password = (ELSEWHERE, PASSWORD) if changed == 200 else (ALICE, NEW_PASSWORD)
    assert try_login(visitor(strict.application), email, password).status_code == 200
    assert strict.get("/profile").status_code == (200 if changed == 200 else 403)


@pytest.mark.parametrize("_", range(ROUNDS))
def test_no_session_outlives_an_account(strict: FlaskClient, _: int) -> None:
    register(strict)
    log_in(strict)
    late = visitor(strict.application)
    together(
        strict,
        lambda _: try_login(late).status_code,
        lambda _: strict.delete("/profile").status_code,
        lambda one: try_login(one).status_code,
    )
    assert late.get("/profile").status_code == 403
    assert rows(strict.application, "SELECT count(*) FROM sessions") == [(0,)]


@pytest.mark.parametrize("_", range(ROUNDS))
def test_no_session_of_the_old_password_outlives_a_change(strict: FlaskClient, _: int) -> None:
    register(strict)
    log_in(strict)
    late = visitor(strict.application)
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    _, changed = together(
        strict,
        lambda _: try_login(late).status_code,
        lambda _: strict.put("/profile/password", json=form).status_code,
    )
    assert changed == 200
    assert late.get("/profile").status_code == 403
    assert strict.get("/profile").status_code == 200


@pytest.mark.parametrize("_", range(ROUNDS))
def test_one_token_works_once(strict: FlaskClient, _: int) -> None:
    register(strict)
    log_in(strict)
    ask(strict)
    change = token_to(strict.application, ELSEWHERE)
    done = together(strict, *[lambda one: confirm(one, change).status_code] * 5)
    assert sorted(done) == [200, 403, 403, 403, 403]
    back = token_to(strict.application, ALICE)
    done = together(strict, *[lambda one: undo(one, back).status_code] * 5)
    assert sorted(done) == [200, 403, 403, 403, 403]


@pytest.mark.parametrize("_", range(ROUNDS))
def test_an_address_registered_and_confirmed_at_once_has_one_owner(
    strict: FlaskClient, _: int
) -> None:
    register(strict)
    log_in(strict)
    ask(strict)
    change = token_to(strict.application, ELSEWHERE)
    form = {"email": ELSEWHERE.upper(), "password": NEW_PASSWORD}
    confirmed, registered = together(
        strict,
        lambda one: confirm(one, change).status_code,
        lambda one: one.post("/users", data=form).status_code,
    )
    assert (confirmed, registered) in [(200, 400), (409, 200)]
    owners = [
        try_login(visitor(strict.application), ELSEWHERE, password).status_code
        for password in (PASSWORD, NEW_PASSWORD)
    ]
    assert sorted(owners) == [200, 401]


@pytest.mark.parametrize("_", range(ROUNDS))
def test_registered_twice_at_once_an_address_has_one_account(build: Build, _: int) -> None:
    client = build(STRICT, **CONCEALED, **UNLIMITED).test_client()
    done = together(
        client,
        lambda one: register(one).status_code,
        lambda one: register(one, password=NEW_PASSWORD).status_code,
    )
    assert done == [200, 200]
    token = token_to(client.application, ALICE)
    answers = [verify(client, token, password).status_code for password in (PASSWORD, NEW_PASSWORD)]
    assert sorted(answers) in ([200, 401], [200, 403])
    assert rows(client.application, "SELECT count(*) FROM users") == [(1,)]


@pytest.mark.parametrize("_", range(ROUNDS))
def test_verified_and_registered_again_at_once_it_has_one_owner(build: Build, _: int) -> None:
    client = build(STRICT, **CONCEALED, **UNLIMITED).test_client()
    register(client)
    token = token_to(client.application, ALICE)
    owner = visitor(client.application)
    verified, _again = together(
        client,
        lambda _: verify(owner, token).status_code,
        lambda one: register(one, password=NEW_PASSWORD).status_code,
    )
    assert verified in (200, 401, 403)
    assert owner.get("/profile").status_code == (200 if verified == 200 else 403)
    stranger = try_login(visitor(client.application), password=NEW_PASSWORD)
    assert stranger.status_code == 401, "nobody enters without the mail"
