"""Who lost every factor asks an operator: they go after a while, unless the owner is there."""

from __future__ import annotations

import re
from email import message_from_string, policy

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.factors import Authenticator, enrol, half_log_in, prove, send
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    LINK,
    NEW_PASSWORD,
    front_desk,
    log_in,
    mail_to,
    reset_token,
    set_password,
    token_to,
    try_login,
    visitor,
)
from vestibule.auth.errors import UnknownEmail, UnknownFactor
from vestibule.auth.ways_back import WaysBack


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


@pytest.fixture
def desk(app: Flask, phone: Authenticator) -> WaysBack:
    """Where an operator takes Alice's factors away."""
    rows(app, "UPDATE users SET verified_at = 1")
    return front_desk(app).factors.ways_back


def words_of(mail: str) -> str:
    """The text of a mail."""
    part = message_from_string(mail, policy=policy.default).get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())


def sweep(app: Flask) -> None:
    front_desk(app).upkeep.sweep()


def factors(app: Flask) -> str:
    ((found,),) = rows(app, "SELECT factors FROM users")
    return str(found)


@on_both_databases
def test_they_go_after_the_waiting_time_and_the_owner_is_told_twice(
    app: Flask, alice: FlaskClient, desk: WaysBack, clock: MovableClock
) -> None:
    ends = desk.begin(ALICE)
    assert (ends - clock()).total_seconds() == 24 * 3600
    told = words_of(mail_to(app, ALICE))
    assert f"are taken away at {ends:%Y-%m-%d %H:%M} UTC" in told
    assert alice.get("/factors").get_json()["end_at"] == ends.isoformat(timespec="seconds")
    clock.advance(hours=23, minutes=59)
    sweep(app)
    half_log_in(app.test_client())
    clock.advance(minutes=1)
    sweep(app)
    assert "Subject: Your second factors are gone" in mail_to(app, ALICE)
    log_in(app.test_client())
    refuses(alice.get("/profile"), 403, "session_none")
    assert rows(app, "SELECT count(*) FROM recovery_codes") == [(0,)]
    assert rows(app, "SELECT count(*) FROM tokens WHERE purpose = 'keep'") == [(0,)]
    acts = rows(app, "SELECT act, outcome FROM audit_events WHERE act LIKE '%factor%' ORDER BY id")
    assert acts[-2:] == [("account.drop_factors", "accepted"), ("factor.end", "accepted")]


def test_the_link_in_the_mail_keeps_them_and_looking_does_not(
    app: Flask, desk: WaysBack, clock: MovableClock
) -> None:
    desk.begin(ALICE)
    token, client = token_to(app, ALICE), app.test_client()
    for _ in range(3):
        page = client.get(f"/factors/keep?token={token}")
        assert page.status_code == 200
        assert re.findall(r'action="(/factors[^"]*)"', page.text) == ["/factors/keep/form"]
    assert rows(app, "SELECT count(*) FROM users WHERE factors_end_at IS NOT NULL") == [(1,)]
    says(
        client.post("/factors/keep", data={"token": token}),
        *(200,),
        email=ALICE,
        message="factors kept",
    )
    refuses(client.post("/factors/keep", data={"token": token}), 403, "token_invalid")
    clock.advance(hours=25)
    sweep(app)
    half_log_in(app.test_client())


def test_its_page_keeps_them_too(app: Flask, desk: WaysBack, clock: MovableClock) -> None:
    desk.begin(ALICE)
    client, form = app.test_client(), {"token": token_to(app, ALICE)}
    page = client.post("/factors/keep/form", data=form)
    assert (page.status_code, "Your second factors stay" in page.text) == (200, True)
    assert client.post("/factors/keep/form", data=form).status_code == 403
    assert client.get("/factors/keep?token=none").status_code == 403


@on_both_databases
@pytest.mark.parametrize("way", ["log in", "recover", "prove", "operator", "replace"])
def test_whoever_has_a_factor_ends_it(
    app: Flask,
    alice: FlaskClient,
    desk: WaysBack,
    phone: Authenticator,
    clock: MovableClock,
    way: str,
) -> None:
    desk.begin(ALICE)
    token = token_to(app, ALICE)
    client = app.test_client()
    if way in ("log in", "recover"):
        half_log_in(client)
        code = phone.code() if way == "log in" else phone.recovery_codes[0]
        assert send(client, code).status_code == 200
    elif way == "prove":
        assert prove(alice, phone.code()).status_code == 200
    elif way == "operator":
        desk.cancel(ALICE)
    else:
        enrol(alice, clock)
    refuses(client.post("/factors/keep", data={"token": token}), 403, "token_invalid")
    clock.advance(hours=25)
    sweep(app)
    assert factors(app) == "otp"


def test_a_password_alone_does_not_end_it(
    app: Flask, desk: WaysBack, phone: Authenticator, clock: MovableClock
) -> None:
    desk.begin(ALICE)
    client = app.test_client()
    half_log_in(client)
    send(client, phone.wrong())
    clock.advance(hours=24)
    sweep(app)
    assert factors(app) == ""


def test_a_new_password_leaves_the_owner_the_link(app: Flask, desk: WaysBack) -> None:
    """Whoever talked the operator into it may know, or set, the password."""
    desk.begin(ALICE)
    token = token_to(app, ALICE)
    assert set_password(app.test_client(), reset_token(app.test_client())).status_code == 200
    assert app.test_client().post("/factors/keep", data={"token": token}).status_code == 200
    half_log_in(app.test_client(), ALICE, NEW_PASSWORD)


def test_to_ask_again_puts_nothing_off(app: Flask, desk: WaysBack, clock: MovableClock) -> None:
    ends = desk.begin(ALICE)
    clock.advance(hours=23)
    assert desk.begin(ALICE) == ends
    clock.advance(hours=1)
    sweep(app)
    assert factors(app) == ""


def test_what_is_added_later_is_not_taken_away(
    app: Flask, alice: FlaskClient, desk: WaysBack, phone: Authenticator, clock: MovableClock
) -> None:
    desk.begin(ALICE)
    assert alice.delete("/factors/otp").status_code == 200
    enrol(alice, clock)
    clock.advance(hours=25)
    sweep(app)
    assert factors(app) == "otp"


def test_two_that_sweep_tell_the_owner_once(
    app: Flask, desk: WaysBack, build: Build, clock: MovableClock
) -> None:
    desk.begin(ALICE)
    clock.advance(hours=24)
    sweep(app)
    sweep(build(STRICT))
    assert rows(app, "SELECT count(*) FROM outbox WHERE template = 'factors_gone'") == [(1,)]


def test_where_everybody_has_to_have_one_the_next_login_adds_another(
    app: Flask, desk: WaysBack, build: Build, clock: MovableClock
) -> None:
    desk.begin(ALICE)
    clock.advance(hours=24)
    sweep(app)
    client = build(STRICT, factors="all").test_client()
    assert try_login(client).get_json()["owes"] == "enrol"
    enrol(client, clock)


def test_the_waiting_time_is_a_setting(
    build: Build, phone: Authenticator, clock: MovableClock
) -> None:
    patient = build(STRICT, factors_wait="3d")
    ends = front_desk(patient).factors.ways_back.begin(ALICE)
    assert (ends - clock()).days == 3
    token = token_to(patient, ALICE)
    clock.advance(days=2, hours=23)
    assert patient.test_client().post("/factors/keep", data={"token": token}).status_code == 200


def test_there_must_be_somebody_with_a_factor(app: Flask) -> None:
    desk = front_desk(app).factors.ways_back
    with pytest.raises(UnknownEmail):
        desk.begin("nobody@example.com")
    with pytest.raises(UnknownEmail):
        desk.cancel("nobody@example.com")
    with pytest.raises(UnknownFactor):
        desk.begin(ALICE)
    desk.cancel(ALICE)
    log_in(app.test_client())


def test_the_link_ends_with_the_waiting_time(
    app: Flask, desk: WaysBack, clock: MovableClock
) -> None:
    desk.begin(ALICE)
    clock.advance(hours=20)
    found = LINK.findall(mail_to(app, ALICE))
    clock.advance(hours=4)
    answer = visitor(app).post("/factors/keep", data={"token": found[-1]})
    refuses(answer, 403, "token_invalid")
