"""Two at once on the way back to an account: one is first, and all that is stored agrees."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.stage.clock import MovableClock
from tests.stage.crowd import at_once
from tests.stage.databases import on_both_databases
from tests.stage.factors import Authenticator, half_log_in, send
from tests.stage.raw import rows
from tests.stage.visits import ALICE, front_desk, token_to, visitor

pytestmark = on_both_databases
ROUNDS = 4


@pytest.fixture
def app(alice: FlaskClient, phone: Authenticator) -> Flask:
    """Where Alice has an authenticator, added a minute ago."""
    return alice.application


def require_agreement(app: Flask) -> str:
    """What the user's row says of factors, which the tables say as well."""
    ((said, ends, otp, codes),) = rows(
        app,
        "SELECT factors, factors_end_at, (SELECT count(*) FROM totp),"
        " (SELECT count(*) FROM recovery_codes) FROM users",
    )
    assert (ends, otp, codes) == ((None, 1, codes) if said else (None, 0, 0))
    assert rows(app, "SELECT count(*) FROM tokens WHERE purpose = 'keep'") == [(0,)]
    return str(said)


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_login_with_a_factor_meets_the_end_of_it(
    app: Flask, phone: Authenticator, clock: MovableClock, _: int
) -> None:
    front_desk(app).factors.ways_back.begin(ALICE)
    clock.advance(hours=24)
    client = visitor(app)
    half_log_in(client)

    def act(number: int) -> int:
        if number:
            return send(client, phone.code()).status_code
        front_desk(app).upkeep.sweep()
        return 0

    _, answer = at_once(2, act)
    kept = require_agreement(app) == "otp"
    assert answer == (200 if kept else 403)
    assert client.get("/profile").status_code == answer


@pytest.mark.parametrize("_", range(ROUNDS))
def test_of_many_who_keep_them_one_spends_the_link(app: Flask, _: int) -> None:
    front_desk(app).factors.ways_back.begin(ALICE)
    form = {"token": token_to(app, ALICE)}
    keep = "/factors/keep"
    found = at_once(6, lambda _: visitor(app).post(keep, data=form).status_code)
    assert sorted(found) == [200, *[403] * 5]
    assert require_agreement(app) == "otp"


@pytest.mark.parametrize("_", range(ROUNDS))
def test_who_disowns_a_factor_meets_a_login_with_it(
    app: Flask, phone: Authenticator, _: int
) -> None:
    """Whichever is first, no session of the thief's is left."""
    form, thief = {"token": token_to(app, ALICE)}, visitor(app)
    half_log_in(thief)
    acts = [
        lambda: visitor(app).post("/factors/disown", data=form).status_code,
        lambda: send(thief, phone.code()).status_code,
    ]
    disowned, entered = at_once(2, lambda number: acts[number]())
    assert disowned == 200
    assert entered in (200, 401, 403)
    assert require_agreement(app) == ""
    assert thief.get("/profile").status_code == 403
    assert rows(app, "SELECT count(*) FROM sessions") == [(0,)]
