"""What was handed out ends by today's settings, whatever they were on the day."""

from __future__ import annotations

from datetime import timedelta

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import only_sqlite
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.visits import NEW_PASSWORD, log_in, register, reset_token, set_password, visitor

SHORT = {"session_lifetime": timedelta(hours=1), "reset_lifetime": timedelta(minutes=5)}


@only_sqlite("the classic profile stands on SQLite only")
def test_what_classic_handed_out_without_end_ends_in_strict(
    build: Build, clock: MovableClock
) -> None:
    classic = build(CLASSIC).test_client()
    register(classic)
    session, token = log_in(classic), reset_token(classic)
    strict = build(STRICT, **SHORT)
    assert visitor(strict, session).get("/profile").status_code == 200
    clock.advance(hours=2)
    assert visitor(strict, session).get("/profile").status_code == 403
    assert set_password(strict.test_client(), token, NEW_PASSWORD).status_code == 403


def test_a_shorter_lifetime_holds_for_open_sessions_too(build: Build, clock: MovableClock) -> None:
    before = build(STRICT)
    register(before.test_client())
    session = log_in(before.test_client())
    clock.advance(hours=2)
    assert visitor(before, session).get("/profile").status_code == 200
    assert visitor(build(STRICT, **SHORT), session).get("/profile").status_code == 403


def test_a_session_in_use_does_not_end_as_idle_however_short_that_is(
    build: Build, clock: MovableClock
) -> None:
    app = build(STRICT, session_idle=timedelta(seconds=20))
    register(app.test_client())
    ask = visitor(app, log_in(app.test_client()))
    for _ in range(30):
        clock.advance(seconds=6)
        assert ask.get("/profile").status_code == 200
        app.extensions["vestibule"].sessions.record_visits()
    clock.advance(seconds=21)
    assert ask.get("/profile").status_code == 403
