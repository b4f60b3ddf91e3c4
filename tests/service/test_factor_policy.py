"""An operator may want everybody, or administrators, to have a factor: a login then owes one."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.acts import link_to_verify
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases, only_sqlite
from tests.stage.factors import Authenticator, enrol, half_log_in, prove, send
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)

OTHER_ROUTES = [
    *("GET /profile", "GET /factors", "GET /sessions", "GET /profile/export", "DELETE /profile"),
    *("DELETE /factors/otp", "POST /factors/recovery_codes", "POST /sessions/proof"),
    *("PUT /profile/password", "PUT /profile/email", "GET /account", "GET /sessions/verify"),
]


@pytest.fixture
def everybody(build: Build) -> Flask:
    """Where all have to have a factor, and Alice has none."""
    app = build(STRICT, factors="all")
    register(app.test_client())
    return app


def cookie(client: FlaskClient) -> str | None:
    found = client.get_cookie("session_id")
    return str(found.value) if found else None


@on_both_databases
def test_who_has_to_have_a_factor_adds_one_at_the_next_login(
    everybody: Flask, clock: MovableClock
) -> None:
    client = everybody.test_client()
    answer = try_login(client)
    refuses(answer, 401, "factor_required")
    assert (answer.get_json()["owes"], answer.get_json()["factors"][0]) == ("enrol", "otp")
    assert client.get("/sessions/factor").get_json()["owes"] == "enrol"
    half = cookie(client)
    phone = enrol(client, clock)
    assert len(phone.recovery_codes) == 10
    assert cookie(client) not in (None, half)
    assert client.get("/profile").get_json() == {"email": ALICE}
    (session,) = client.get("/sessions").get_json()["sessions"]
    assert session["amr"] == ["mfa", "otp", "pwd"]
    refuses(visitor(everybody, half).get("/sessions/factor"), 403, "login_over")
    clock.advance(minutes=1)
    other = everybody.test_client()
    half_log_in(other)
    assert send(other, phone.code()).status_code == 200


def test_until_then_nothing_else_is_open(everybody: Flask) -> None:
    half = half_log_in(everybody.test_client())
    bearer = {"Authorization": f"Bearer {half}"}
    for route in OTHER_ROUTES:
        method, path = route.split()
        for client, headers in ((visitor(everybody, half), {}), (everybody.test_client(), bearer)):
            form = {"password": PASSWORD, "current_password": PASSWORD, "email": BOB}
            form |= {"new_password": NEW_PASSWORD}
            answer = client.open(path, method=method, data=form, headers=headers)
            assert answer.status_code in (401, 403), (route, answer.text)
    assert rows(everybody, "SELECT count(*) FROM sessions") == [(0,)]


def test_there_is_no_code_to_show_before_there_is_a_factor(everybody: Flask) -> None:
    client = everybody.test_client()
    half_log_in(client)
    answer = send(client, "123456")
    refuses(answer, 401, "factor_required")
    assert answer.get_json()["owes"] == "enrol"
    refuses(send(everybody.test_client(), "123456"), 403, "login_over")


def test_who_has_a_factor_adds_none_with_the_password_alone(
    everybody: Flask, clock: MovableClock
) -> None:
    client, thief = everybody.test_client(), everybody.test_client()
    half_log_in(client)
    enrol(client, clock)
    half_log_in(thief)
    refuses(thief.post("/factors/otp"), 403, "session_none")
    refuses(thief.put("/factors/otp", data={"ticket": "x", "code": "123456"}), 403, "session_none")


def test_of_two_who_begin_to_add_one_a_single_one_does(
    everybody: Flask, clock: MovableClock
) -> None:
    first, second = everybody.test_client(), everybody.test_client()
    half_log_in(first)
    half_log_in(second)
    made = second.post("/factors/otp").get_json()
    enrol(first, clock)
    form = {"ticket": made["ticket"], "code": "123456"}
    refuses(second.put("/factors/otp", data=form), 403, "session_none")


def test_such_a_login_is_over_after_ten_minutes(everybody: Flask, clock: MovableClock) -> None:
    client = everybody.test_client()
    half_log_in(client)
    clock.advance(minutes=10)
    refuses(client.post("/factors/otp"), 403, "session_none")


@pytest.mark.parametrize("end", ["reset", "disable", "log out"])
def test_what_ends_sessions_ends_it(everybody: Flask, clock: MovableClock, end: str) -> None:
    client = everybody.test_client()
    half_log_in(client)
    if end == "reset":
        set_password(everybody.test_client(), reset_token(everybody.test_client()))
    elif end == "disable":
        front_desk(everybody).operators.disable(ALICE)
    else:
        assert client.delete("/sessions").status_code == 302
    refuses(client.post("/factors/otp"), 403, "session_none")


@on_both_databases
def test_administrators_alone_may_have_to_have_one(build: Build, clock: MovableClock) -> None:
    app = build(STRICT, factors="administrators")
    client, desk = app.test_client(), front_desk(app).operators
    register(client)
    log_in(client)
    assert client.get("/factors").get_json()["required"] is False
    desk.appoint(ALICE)
    refuses(client.get("/profile"), 403, "session_none")
    half_log_in(client)
    enrol(client, clock)
    assert client.get("/factors").get_json()["required"] is True
    refuses(client.delete("/factors/otp"), 409, "factor_needed")
    desk.dismiss(ALICE)
    assert client.delete("/factors/otp").status_code == 200
    log_in(app.test_client())


def test_by_itself_nobody_has_to(build: Build, clock: MovableClock) -> None:
    app = build(STRICT)
    register(app.test_client())
    front_desk(app).operators.appoint(ALICE)
    log_in(app.test_client())


@on_both_databases
def test_the_last_factor_stays(everybody: Flask, clock: MovableClock) -> None:
    client = everybody.test_client()
    half_log_in(client)
    phone = enrol(client, clock)
    refuses(client.delete("/factors/otp"), 409, "factor_needed")
    assert client.get("/profile").status_code == 200, "nothing was changed"
    assert rows(everybody, "SELECT count(*) FROM recovery_codes") == [(10,)]
    clock.advance(minutes=1)
    assert prove(client, phone.code()).status_code == 200
    replaced: Authenticator = enrol(client, clock)
    assert replaced.secret != phone.secret, "another one may take its place"


def test_open_sessions_stay_until_they_end(build: Build, clock: MovableClock) -> None:
    before, after = build(STRICT), build(STRICT, factors="all")
    client = before.test_client()
    register(client)
    session = log_in(client)
    later = visitor(after, session)
    assert later.get("/profile").status_code == 200
    enrol(later, clock)
    assert later.get("/profile").status_code == 200


def test_another_password_opens_no_session_that_a_login_would_not(
    build: Build, clock: MovableClock
) -> None:
    before, after = build(STRICT), build(STRICT, factors="all")
    register(before.test_client())
    client = visitor(after, log_in(before.test_client()))
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    refuses(client.put("/profile/password", data=form), 401, "factor_required")
    refuses(client.get("/profile"), 403, "session_none")
    assert rows(after, "SELECT outcome FROM audit_events ORDER BY id DESC LIMIT 1") == [
        ("accepted",)
    ], "it was changed"
    enrol(client, clock)
    assert client.get("/profile").status_code == 200
    assert try_login(after.test_client()).status_code == 401


def test_a_verified_address_owes_it_too(build: Build, clock: MovableClock) -> None:
    app = build(STRICT, factors="all", require_verified=True)
    register(app.test_client())
    front_desk(app).outbox.deliver_due()
    client = app.test_client()
    form = {"token": link_to_verify(client), "password": PASSWORD}
    refuses(client.post("/verify_email", data=form), 401, "factor_required")
    assert client.get("/profile").status_code == 403
    enrol(client, clock)
    assert client.get("/profile").status_code == 200


def test_who_enrols_at_a_login_is_told_by_mail(everybody: Flask, clock: MovableClock) -> None:
    client = everybody.test_client()
    half_log_in(client)
    enrol(client, clock)
    assert rows(everybody, "SELECT template FROM outbox") == [("factor_added",)]
    front_desk(everybody).audit.flush()
    told = client.get("/profile/activity").get_json()["activity"]
    assert {each["act"]: each["outcome"] for each in told} == {
        "register": "accepted",
        "login": "factor_required",
        "factor.offer": "accepted",
        "factor.add": "accepted",
    }


@only_sqlite("the classic profile stands on it alone")
def test_the_classic_profile_cannot_be_made_to_ask_for_one(build: Build) -> None:
    with pytest.raises(ValueError, match="VESTIBULE_FACTORS"):
        build(CLASSIC, factors="all")
