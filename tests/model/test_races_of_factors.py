"""A factor is taken away while a login with it is finished: no session outlives its factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.model.test_races import EMAIL, OLD, PATIENT, ROUNDS, Race, cookie
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.factors import enrol, half_log_in, send
from tests.stage.passkeys import Made, add, asked, hand_in
from tests.stage.raw import rows
from tests.stage.visits import log_in, register, visitor

# A round makes a factor and takes it away again, which is more than others do.
FEW = max(6, ROUNDS // 10)
Finish = Callable[[], TestResponse]

pytestmark = on_both_databases


@pytest.fixture
def race(build: Build, clock: MovableClock) -> Iterator[Race]:
    """The strict profile."""
    running = Race(build("strict", **PATIENT), clock)
    yield running
    running.end()


def signed(client: FlaskClient, key: Made, purpose: str) -> Finish:
    """A passkey that is ready to be shown."""
    wanted = asked(client, purpose)
    return partial(hand_in, client, wanted["ticket"], key.passkey.get(wanted["publicKey"]))


def a_passkey_alone(race: Race, owner: FlaskClient, client: FlaskClient) -> tuple[str, Finish]:
    key = add(owner)
    return f"/factors/passkeys/{key.public_id}", signed(client, key, "login")


def a_passkey_besides(race: Race, owner: FlaskClient, client: FlaskClient) -> tuple[str, Finish]:
    key = add(owner)
    half_log_in(client, EMAIL, OLD)
    return f"/factors/passkeys/{key.public_id}", signed(client, key, "factor")


def a_code(race: Race, owner: FlaskClient, client: FlaskClient) -> tuple[str, Finish]:
    app = enrol(owner, race.clock)
    # That of this moment is used.
    race.clock.advance(minutes=1)
    half_log_in(client, EMAIL, OLD)
    return "/factors/otp", partial(send, client, app.code())


@pytest.mark.parametrize("way", [a_passkey_alone, a_passkey_besides, a_code])
def test_a_login_that_meets_the_end_of_its_factor_was_before_it_or_is_none(
    race: Race, way: Callable[[Race, FlaskClient, FlaskClient], tuple[str, Finish]]
) -> None:
    register(visitor(race.app), EMAIL, OLD)
    for _ in range(FEW):
        rows(race.app, "DELETE FROM rate_limits")
        owner, client = visitor(race.app), visitor(race.app)
        log_in(owner, EMAIL, OLD)
        path, finish = way(race, owner, client)
        login, removal = race.together(finish, partial(owner.delete, path))
        assert (login in (200, 401, 403), removal) == (True, 200)
        # Where it was before, the removal ended its session with all others.
        assert not race.is_open(cookie(client))
        assert [race.is_open(cookie(owner)), owner.get("/factors").get_json()["otp"]] == [
            True,
            None,
        ]
        assert rows(race.app, "SELECT factors FROM users") == [("",)]
        assert rows(race.app, "SELECT count(*) FROM sessions") == [(1,)]
        owner.delete("/sessions")
