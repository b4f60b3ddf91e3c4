"""A right password alone opens nothing where a factor is owed: what comes of it is no session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.acts import link_to_verify
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases, only_sqlite
from tests.stage.factors import Authenticator, enrol, half_log_in, send
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    log_in,
    mails,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)

# Where a login that is half done is asked for: it may be begun anew, seen, finished, given up.
ITS_OWN = {
    *("POST /sessions", "GET /sessions/factor", "POST /sessions/factor", "DELETE /sessions"),
    *("GET /login/factor", "POST /login/factor"),
}
# Nobody need be known there.
OPEN = {
    *("GET /register", "POST /register", "GET /login", "POST /logout", "POST /language"),
    "GET /theme/logo",
    *("GET /", "GET /docs", "GET /openapi.json", "GET /healthz", "GET /readyz", "POST /users"),
    *("POST /password_strength", "POST /reset_password", "POST /reset_password/form"),
    *("GET /reset_password", "POST /sessions/passkey/challenge"),
}


@pytest.fixture
def app(build: Build) -> Flask:
    return build(STRICT)


@pytest.fixture
def phone(app: Flask, clock: MovableClock) -> Authenticator:
    """The authenticator of Alice, whose code of this moment is used."""
    client = app.test_client()
    register(client)
    log_in(client)
    made = enrol(client, clock)
    clock.advance(minutes=1)
    return made


def cookie(client: FlaskClient, name: str = "session_id") -> str | None:
    found = client.get_cookie(name)
    return str(found.value) if found else None


def newest_mail(app: Flask) -> str:
    outbox = front_desk(app).outbox
    outbox.deliver_due()
    return mails(outbox.folder)[-1].read_text()


def test_a_right_password_owes_a_factor(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    answer = try_login(client)
    refuses(answer, 401, "factor_required")
    assert answer.get_json()["factors"] == ["otp", "recovery"]
    told = client.get("/sessions/factor").get_json()
    assert told == {
        "owes": "factor",
        "factors": ["otp", "recovery"],
        "expires_at": "2026-03-14T15:20:26+00:00",
    }


def test_a_wrong_password_says_nothing_of_a_factor(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    answer = try_login(client, ALICE, NEW_PASSWORD)
    refuses(answer, 401, "credentials_wrong")
    assert "factors" not in answer.get_json()
    assert cookie(client) is None


def test_the_code_opens_a_session_under_another_id(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    half = half_log_in(client)
    says(send(client, phone.code()), 200, email=ALICE, message="logged in", recovery_codes=None)
    assert cookie(client) not in (None, half)
    assert client.get("/profile").get_json() == {"email": ALICE}
    (session,) = (
        each for each in client.get("/sessions").get_json()["sessions"] if each["current"]
    )
    assert session["amr"] == ["mfa", "otp", "pwd"]
    refuses(send(visitor(app, half), phone.code(steps=1)), 403, "login_over")


@on_both_databases
def test_its_id_opens_no_route(app: Flask, phone: Authenticator) -> None:
    half = half_log_in(app.test_client())
    bearer = {"Authorization": f"Bearer {half}"}
    paths = app.test_client().get("/openapi.json").get_json()["paths"]
    tried = 0
    for path, methods in paths.items():
        for method, operation in methods.items():
            if f"{method.upper()} {path}" in ITS_OWN | OPEN:
                continue
            content = operation.get("requestBody", {}).get("content", {})
            body = next(iter(content.values()))["example"] if content else None
            kind: Any = {"json": body} if "application/json" in content else {"data": body}
            where = path.replace("{public_id}", "0" * 16)
            for client, headers in ((visitor(app, half), {}), (app.test_client(), bearer)):
                answer = client.open(where, method=method.upper(), headers=headers, **kind)
                assert answer.status_code in (401, 403), (method, path, answer.text)
                assert "Set-Cookie" not in answer.headers, (method, path)
                tried += 1
    assert tried > 40
    assert visitor(app, half).get("/sessions/factor").status_code == 200, "it is still there"
    assert rows(app, "SELECT count(*) FROM users") == [(1,)]


def test_a_session_is_no_login_that_is_half_done(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    half_log_in(client)
    send(client, phone.code())
    refuses(client.get("/sessions/factor"), 403, "login_over")
    refuses(send(client, phone.code(steps=1)), 403, "login_over")


@pytest.mark.parametrize("path", ["/sessions/factor"])
def test_nobody_owes_nothing(app: Flask, path: str) -> None:
    refuses(app.test_client().get(path), 403, "login_over")
    refuses(send(app.test_client(), "123456"), 403, "login_over")


def test_the_browser_is_known_only_when_the_code_was_shown(
    app: Flask, phone: Authenticator
) -> None:
    client = app.test_client()
    half_log_in(client)
    assert cookie(client, "device") is None
    send(client, phone.code())
    assert cookie(client, "device") is not None


def test_the_session_that_it_came_with_is_over(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    client = app.test_client()
    half_log_in(client)
    send(client, phone.code())
    session = cookie(client)
    half_log_in(client)
    refuses(visitor(app, session).get("/profile"), 403, "session_none")


def test_a_second_login_ends_the_first(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    first = half_log_in(client)
    half_log_in(client)
    refuses(send(visitor(app, first), phone.code()), 403, "login_over")


def test_it_is_over_after_ten_minutes(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    client, late = app.test_client(), app.test_client()
    half_log_in(client)
    half_log_in(late)
    clock.advance(minutes=9, seconds=59)
    assert send(client, phone.code()).status_code == 200
    clock.advance(seconds=1)
    refuses(send(late, phone.code(steps=1)), 403, "login_over")
    front_desk(app).upkeep.sweep()
    assert rows(app, "SELECT count(*) FROM logins") == [(0,)]


def reset(app: Flask) -> None:
    assert set_password(app.test_client(), reset_token(app.test_client())).status_code == 200


def disable(app: Flask) -> None:
    front_desk(app).operators.disable(ALICE)


def disable_past_the_service(app: Flask) -> None:
    rows(app, "UPDATE users SET disabled_at = 1")


def log_out_by_operator(app: Flask) -> None:
    front_desk(app).operators.log_out(ALICE)


def log_out_everybody(app: Flask) -> None:
    front_desk(app).operators.log_out_everybody()


def remove(app: Flask) -> None:
    front_desk(app).operators.remove(ALICE)


def set_password_past_the_service(app: Flask) -> None:
    rows(app, "UPDATE users SET hashed_password = 'another'")


ENDS = [reset, disable, disable_past_the_service, log_out_by_operator, log_out_everybody, remove]
ENDS += [set_password_past_the_service]


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_sessions_ends_it(
    app: Flask, phone: Authenticator, end: Callable[[Flask], None]
) -> None:
    client = app.test_client()
    half_log_in(client)
    end(app)
    refuses(send(client, phone.code()), 403, "login_over")
    assert client.get("/profile").status_code == 403


def test_its_owner_ends_it_from_another_device(app: Flask, phone: Authenticator) -> None:
    thief, owner = app.test_client(), app.test_client()
    half_log_in(owner)
    assert send(owner, phone.code()).status_code == 200
    half_log_in(thief)
    assert owner.delete("/sessions?others=true").status_code == 204
    refuses(send(thief, phone.code(steps=1)), 403, "login_over")


def test_it_is_given_up_by_a_log_out(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    half = half_log_in(client)
    assert client.delete("/sessions").status_code == 302
    assert cookie(client) is None
    refuses(send(visitor(app, half), phone.code()), 403, "login_over")
    refuses(visitor(app, half).delete("/sessions"), 403, "session_none")


@on_both_databases
def test_five_wrong_codes_end_it_and_the_owner_is_told(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    half_log_in(client)
    for _ in range(5):
        refuses(send(client, phone.wrong()), 401, "factor_wrong")
    refuses(send(client, phone.code()), 403, "login_over")
    assert "Subject: Wrong codes for your account" in newest_mail(app)
    half_log_in(client)
    assert send(client, phone.code()).status_code == 200, "another login is another"


def test_wrong_recovery_codes_end_it_too(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    half_log_in(client)
    for _ in range(5):
        refuses(send(client, "0000-0000-0000-0000-0000-0000"), 401, "factor_wrong")
    refuses(send(client, phone.recovery_codes[0]), 403, "login_over")


def test_a_verified_address_owes_the_factor_too(
    app: Flask, build: Build, phone: Authenticator
) -> None:
    strict = build(STRICT, require_verified=True)
    front_desk(strict).outbox.deliver_due()
    for path in ("/verify_email", "/verify_email/form"):
        client = strict.test_client()
        form = {"token": link_to_verify(client), "password": PASSWORD}
        answer = client.post(path, data=form)
        assert answer.status_code == (401 if path == "/verify_email" else 303)
        assert client.get("/profile").status_code == 403
    ((verified,),) = rows(app, "SELECT verified_at FROM users")
    assert verified is not None


@only_sqlite("the classic profile stands on it alone")
@pytest.mark.usefixtures("phone")
def test_the_classic_profile_asks_for_a_password_alone(build: Build) -> None:
    """It is closed to everybody but this machine, and answers the exercise to the letter."""
    log_in(build(CLASSIC).test_client())
