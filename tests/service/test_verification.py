"""Where it is asked for, an account is its owner's after the mail was read, and not before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    mail_to,
    register,
    reset_token,
    set_password,
    token_to,
    try_login,
    visitor,
)

UNSURE = "Wrong address or password, or an address that is not verified yet: see your mail."


def verify(client: FlaskClient, token: str, password: str = PASSWORD) -> TestResponse:
    return client.post("/verify_email", json={"token": token, "password": password})


@pytest.fixture(params=[True, False], ids=["concealed", "told"])
def anybody(build: Build, request: pytest.FixtureRequest) -> FlaskClient:
    """A visitor where addresses are verified, whether or not accounts are concealed."""
    app = build(STRICT, require_verified=True, conceal_accounts=request.param)
    return app.test_client()


@pytest.fixture
def concealed(build: Build) -> FlaskClient:
    """A visitor where addresses are verified and accounts concealed."""
    return build(STRICT, require_verified=True, conceal_accounts=True).test_client()


def test_nobody_logs_in_before_the_address_is_verified(anybody: FlaskClient) -> None:
    register(anybody)
    answer = try_login(anybody)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (401, False)
    assert rows(anybody.application, "SELECT count(*) FROM sessions") == [(0,)]


def test_the_link_and_the_password_verify_and_log_in(anybody: FlaskClient) -> None:
    register(anybody)
    token = token_to(anybody.application, ALICE)
    says(verify(anybody, token), 200, email=ALICE, message="email verified")
    assert anybody.get("/profile").get_json() == {"email": ALICE}
    assert try_login(visitor(anybody.application)).status_code == 200


def test_the_mail_says_what_to_do(anybody: FlaskClient) -> None:
    register(anybody)
    text = mail_to(anybody.application, ALICE)
    assert "Subject: Verify your address\n" in text
    assert "/verify_email?token=" in text


def test_the_answer_has_no_token(anybody: FlaskClient) -> None:
    answer = register(anybody)
    assert token_to(anybody.application, ALICE) not in f"{answer.text} {answer.headers}"


def test_the_click_of_the_owner_alone_verifies_nothing(anybody: FlaskClient) -> None:
    register(anybody, password="marzipan of a stranger")
    token = token_to(anybody.application, ALICE)
    anybody.get("/verify_email", query_string={"token": token})
    refuses(verify(anybody, token), 401, "credentials_wrong")
    assert rows(anybody.application, "SELECT verified_at FROM users") == [(None,)]


def test_guesses_are_limited(anybody: FlaskClient) -> None:
    register(anybody)
    token = token_to(anybody.application, ALICE)
    assert [verify(anybody, token, WRONG).status_code for _ in range(12)] == [401] * 10 + [429] * 2


def test_a_token_works_once_and_for_an_hour(anybody: FlaskClient, clock: MovableClock) -> None:
    register(anybody)
    token = token_to(anybody.application, ALICE)
    clock.advance(minutes=60)
    refuses(verify(anybody, token), 403, "token_invalid")
    try_login(anybody)
    fresh = token_to(anybody.application, ALICE)
    assert verify(anybody, fresh).status_code == 200
    refuses(verify(anybody, fresh), 403, "token_invalid")


def test_a_verify_token_resets_nothing_and_the_reverse(anybody: FlaskClient) -> None:
    register(anybody)
    token = token_to(anybody.application, ALICE)
    refuses(set_password(anybody, token), 403, "token_invalid")
    refuses(verify(anybody, reset_token(anybody)), 403, "token_invalid")


def test_a_reset_by_mail_verifies_too(anybody: FlaskClient) -> None:
    register(anybody, password="marzipan of a stranger")
    link = token_to(anybody.application, ALICE)
    set_password(anybody, reset_token(anybody))
    log_in(anybody, password=NEW_PASSWORD)
    refuses(verify(visitor(anybody.application), link, NEW_PASSWORD), 403, "token_invalid")


def test_a_login_with_the_right_password_sends_a_fresh_link_now_and_then(
    anybody: FlaskClient,
) -> None:
    register(anybody)
    first = token_to(anybody.application, ALICE)
    try_login(anybody)
    second = token_to(anybody.application, ALICE)
    assert first != second
    refuses(verify(anybody, first), 403, "token_invalid")
    for _ in range(5):
        try_login(anybody)
        front_desk(anybody.application).registrations.send_reminders()
    assert rows(anybody.application, "SELECT count(*) FROM outbox") == [(6,)], "not at each login"
    assert verify(anybody, token_to(anybody.application, ALICE)).status_code == 200


def test_a_login_with_a_wrong_password_sends_none(anybody: FlaskClient) -> None:
    register(anybody)
    try_login(anybody, password=WRONG)
    assert rows(anybody.application, "SELECT count(*) FROM outbox") == [(1,)]


def test_concealed_an_unverified_login_is_like_a_wrong_password(concealed: FlaskClient) -> None:
    register(concealed)
    register(concealed, BOB)
    verify(visitor(concealed.application), token_to(concealed.application, BOB))
    answers = [
        try_login(concealed),
        try_login(concealed, password=WRONG),
        try_login(concealed, BOB, WRONG),
        try_login(concealed, "nobody@example.com"),
    ]
    for answer in answers:
        refuses(answer, 401, "credentials_wrong")
        assert answer.get_json()["detail"] == UNSURE
    assert len({answer.data for answer in answers}) == 1


def test_it_counts_as_one_as_well(concealed: FlaskClient) -> None:
    register(concealed)
    assert [try_login(concealed).status_code for _ in range(12)] == [401] * 10 + [429] * 2


def test_told_it_says_what_is_missing(build: Build) -> None:
    client = build(STRICT, require_verified=True, conceal_accounts=False).test_client()
    register(client)
    refuses(try_login(client), 401, "email_unverified")
    refuses(try_login(client, password=WRONG), 401, "credentials_wrong")


def test_an_account_that_waits_too_long_goes(anybody: FlaskClient, clock: MovableClock) -> None:
    register(anybody)
    register(anybody, BOB)
    verify(anybody, token_to(anybody.application, BOB))
    clock.advance(days=6, hours=23)
    front_desk(anybody.application).upkeep.sweep()
    assert rows(anybody.application, "SELECT count(*) FROM users") == [(2,)]
    clock.advance(hours=1)
    front_desk(anybody.application).upkeep.sweep()
    assert rows(anybody.application, "SELECT email FROM users") == [(BOB,)]


def test_how_long_it_waits_is_a_setting(build: Build, clock: MovableClock) -> None:
    day = timedelta(days=1)
    client = build(STRICT, require_verified=True, unverified_lifetime=day).test_client()
    register(client)
    clock.advance(day)
    front_desk(client.application).upkeep.sweep()
    assert rows(client.application, "SELECT count(*) FROM users") == [(0,)]


def test_accounts_from_before_it_was_asked_for_stay_and_verify_at_login(
    build: Build, clock: MovableClock
) -> None:
    register(build(STRICT).test_client())
    client = build(STRICT, require_verified=True).test_client()
    clock.advance(days=30)
    front_desk(client.application).upkeep.sweep()
    assert try_login(client).status_code == 401
    assert verify(client, token_to(client.application, ALICE)).status_code == 200


def test_an_account_that_was_used_while_it_was_not_asked_for_stays(
    build: Build, clock: MovableClock
) -> None:
    asking = build(STRICT, require_verified=True)
    register(asking.test_client())
    log_in(build(STRICT).test_client())
    clock.advance(days=30)
    front_desk(asking).upkeep.sweep()
    assert rows(asking, "SELECT count(*) FROM users") == [(1,)]


def test_where_it_is_not_asked_for_nothing_is_mailed_or_removed(
    strict: FlaskClient, clock: MovableClock
) -> None:
    register(strict)
    log_in(strict)
    clock.advance(days=30)
    front_desk(strict.application).upkeep.sweep()
    assert rows(strict.application, "SELECT count(*) FROM users") == [(1,)]
    assert rows(strict.application, "SELECT count(*) FROM outbox") == [(0,)]


def test_the_classic_profile_asks_nobody(build: Build) -> None:
    client = build(CLASSIC, require_verified=True, conceal_accounts=True).test_client()
    register(client)
    log_in(client)
    assert client.post("/users", data={"email": ALICE, "password": "x"}).status_code == 400
    assert client.post("/verify_email", json={}).status_code == 404


@pytest.mark.parametrize("field", ["verified_at", "pending_until", "email_verified", "is_admin"])
def test_extra_fields_are_never_stored(anybody: FlaskClient, field: str) -> None:
    form = {"email": ALICE, "password": PASSWORD, field: "2020-01-01T00:00:00+00:00"}
    assert anybody.post("/users", data=form).status_code == 200
    assert anybody.post("/users", json=form | {"email": BOB, field: True}).status_code == 200
    assert rows(anybody.application, "SELECT verified_at FROM users") == [(None,)] * 2
    assert try_login(anybody).status_code == 401


def test_the_page_verifies_and_logs_in(anybody: FlaskClient) -> None:
    register(anybody)
    token = token_to(anybody.application, ALICE)
    page = anybody.get("/verify_email", query_string={"token": token})
    assert (page.status_code, token in page.text) == (200, True)
    assert page.headers["Referrer-Policy"] == "strict-origin"
    form = {"token": token, "password": WRONG}
    again = anybody.post("/verify_email/form", data=form)
    assert (again.status_code, again.headers["Referrer-Policy"]) == (401, "strict-origin")
    done = anybody.post("/verify_email/form", data=form | {"password": PASSWORD})
    assert (done.status_code, ALICE in done.text) == (200, True)
    assert anybody.get("/profile").get_json() == {"email": ALICE}


@pytest.mark.parametrize("path", ["/verify_email", "/verify_email/form"])
def test_no_other_site_logs_anybody_in_by_it(anybody: FlaskClient, path: str) -> None:
    register(anybody)
    form = {"token": token_to(anybody.application, ALICE), "password": PASSWORD}
    for headers in ({"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        refuses(anybody.post(path, data=form, headers=headers), 403, "cross_site")


@pytest.mark.parametrize("token", ["", "unknown", "'><b>", "1f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936"])
def test_a_link_that_is_over_says_so(anybody: FlaskClient, token: str) -> None:
    for page in (
        anybody.get("/verify_email", query_string={"token": token}),
        anybody.post("/verify_email/form", data={"token": token, "password": PASSWORD}),
    ):
        assert (page.status_code, "This link no longer works" in page.text) == (403, True)
        assert "<b>" not in page.text
