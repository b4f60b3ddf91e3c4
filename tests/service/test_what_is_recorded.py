"""Every route that changes something leaves exactly one row in the audit trail, done or refused."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.acts import Told, ask_for_bob, follow, links_in_mails
from tests.stage.clock import MovableClock
from tests.stage.factors import enrol, half_log_in, send
from tests.stage.page_acts import ALL_TOLD
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    ALICE,
    WRONG,
    front_desk,
    log_in,
    register,
    reset_token,
    try_login,
    visitor,
)
from vestibule.records import AuditEvent

EACH = [
    pytest.param(told, id=f"{told.act} {told.outcome}")
    for all_ in ALL_TOLD.values()
    for told in all_
]


@pytest.fixture
def app(build: Build) -> Flask:
    return build(STRICT)


@pytest.fixture
def alice(app: Flask) -> FlaskClient:
    """Alice, logged in, with a reset token at hand."""
    client = app.test_client()
    register(client)
    log_in(client)
    client.environ_base["token"] = reset_token(client)
    return client


def newest(app: Flask) -> list[AuditEvent]:
    """All rows, newest first."""
    desk = front_desk(app)
    desk.audit.flush()
    return desk.trail.newest(2000)[::-1]


@pytest.mark.parametrize("told", EACH, ids=lambda told: f"{told.act} {told.outcome}")
def test_each_request_leaves_one_row(app: Flask, alice: FlaskClient, told: Told) -> None:
    before = newest(app)
    hers, request = before[-1].user, told.ask(alice)
    row, *others = newest(app)
    also = others[: len(told.also)]
    assert tuple(each.act for each in also) == told.also
    assert [each.id for each in others[len(also) :]] == [each.id for each in before]
    assert (row.act, row.outcome) == (told.act, told.outcome)
    assert (row.user == hers) is told.hers
    assert bool(row.session) is told.session
    assert row.origin == "127.0.0.1"
    assert row.request_id == request.headers["X-Request-ID"]
    assert front_desk(app).trail.verify().fault is None


def test_a_change_of_address_and_its_undoing_are_rows(app: Flask, alice: FlaskClient) -> None:
    hers = newest(app)[-1].user
    ask_for_bob(alice)
    to_bob, _ = links_in_mails(alice)
    follow("/profile/email/confirm", to_bob)(alice)
    (to_alice,) = links_in_mails(alice)
    follow("/profile/email/undo", to_alice)(alice)
    rows = [(row.act, row.outcome, row.user) for row in newest(app)[:3]]
    assert rows == [
        ("email.undo", "accepted", hers),
        ("email.change", "accepted", hers),
        ("email.request", "accepted", hers),
    ]


def test_a_factor_from_its_beginning_to_its_end_is_rows(
    app: Flask, alice: FlaskClient, clock: MovableClock
) -> None:
    hers = newest(app)[-1].user
    phone = enrol(alice, clock)
    alice.post("/factors/recovery_codes")
    other = visitor(app)
    half_log_in(other)
    send(other, phone.wrong())
    send(other, phone.code(steps=1))
    other.delete("/factors/otp")
    rows = [(row.act, row.outcome, row.user, bool(row.session)) for row in newest(app)[:7]]
    rows.remove(("factor.offer", "accepted", hers, True))
    assert sorted(rows, key=str) == sorted(
        [
            ("factor.add", "accepted", hers, True),
            ("factor.recovery_codes", "accepted", hers, True),
            ("login", "factor_required", hers, False),
            ("login.factor", "factor_wrong", hers, False),
            ("login.factor", "accepted", hers, True),
            ("factor.remove", "accepted", hers, True),
        ],
        key=str,
    )
    assert front_desk(app).trail.verify().fault is None


def test_a_login_that_is_given_up_is_a_row(
    app: Flask, alice: FlaskClient, clock: MovableClock
) -> None:
    enrol(alice, clock)
    other = visitor(app)
    half_log_in(other)
    assert other.delete("/sessions").status_code == 302
    assert ("logout", "accepted") in [(row.act, row.outcome) for row in newest(app)[:3]]


def test_no_route_that_changes_something_is_left_out(strict: FlaskClient) -> None:
    paths = strict.get("/openapi.json").get_json()["paths"]
    changing = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        if method in ("post", "put", "patch", "delete")
    }
    # Their answers depend on the question alone.
    changing -= {"POST /password_strength", "POST /language", "POST /sessions/passkey/challenge"}
    changing -= {"POST /account/factors/recovery_codes/file"}
    assert changing == {route for route in ALL_TOLD if not route.startswith("GET")}


def test_a_refusal_of_too_many_attempts_is_a_row_too(app: Flask, alice: FlaskClient) -> None:
    answers = [try_login(alice, ALICE, WRONG).status_code for _ in range(11)]
    assert answers[-1] == 429
    outcomes = [row.outcome for row in newest(app)[:11]]
    assert outcomes == ["attempts_exceeded", *["credentials_wrong"] * 10]


def test_a_request_of_another_site_is_a_row(app: Flask, alice: FlaskClient) -> None:
    alice.delete("/sessions", headers={"Sec-Fetch-Site": "cross-site"})
    row = newest(app)[0]
    assert (row.act, row.outcome, row.user) == ("request", "cross_site", None)


def test_what_cannot_be_read_is_no_row(app: Flask, alice: FlaskClient) -> None:
    before = len(newest(app))
    assert alice.post("/users", data={"email": ALICE}).status_code == 400
    assert alice.post("/users", data=b"{", content_type="application/json").status_code == 400
    assert alice.get("/profile").status_code == 200
    assert len(newest(app)) == before


def test_who_left_is_a_pseudonym_and_the_chain_holds(app: Flask, alice: FlaskClient) -> None:
    hers = newest(app)[-1].user
    assert hers is not None
    alice.delete("/profile")
    acts = [row.act for row in front_desk(app).audit.of_user(hers)]
    assert acts == ["account.delete", "reset.request", "login", "register"]
    assert front_desk(app).trail.verify().fault is None


def test_the_trail_holds_no_address_and_no_secret(app: Flask, alice: FlaskClient) -> None:
    try_login(alice, "mallory@example.com", WRONG)
    text = "".join(str(vars(row)) for row in newest(app))
    assert "@" not in text
    assert "marzipan" not in text


def test_a_flood_of_refusals_is_counted_where_it_is_not_kept(
    app: Flask, clock: MovableClock
) -> None:
    desk = front_desk(app)
    for _ in range(1500):
        desk.audit.refuse("request", "cross_site")
    clock.advance(minutes=1)
    desk.audit.refuse("request", "cross_site")
    rows = newest(app)
    assert (len(rows), rows[0].act, rows[0].outcome) == (502, "audit.dropped", "1000")


def test_a_flood_from_one_place_hides_nobody_elses_acts_and_nothing_accepted(
    app: Flask, clock: MovableClock
) -> None:
    desk = front_desk(app)
    register(app.test_client())
    client = app.test_client()
    log_in(client)
    for _ in range(600):
        visitor(app).delete("/sessions")
    assert client.get("/profile/export").status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    form = {"email": ALICE, "password": WRONG}
    visitor(app).post("/sessions", data=form, environ_overrides=elsewhere)
    kept = {(row.act, row.outcome) for row in newest(app)}
    assert {("account.export", "accepted"), ("login", "credentials_wrong")} <= kept
    assert desk.trail.verify().fault is None
