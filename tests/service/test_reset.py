"""Resets: the token travels by mail alone, works once, for a while, and ends old sessions."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    log_in,
    mails,
    newest_token,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)
from vestibule.auth.outbox import Outbox


def outbox(client: FlaskClient) -> Outbox:
    return front_desk(client.application).outbox


def delivered(client: FlaskClient) -> int:
    outbox(client).deliver_due()
    return len(mails(outbox(client).folder))


def ask(client: FlaskClient, email: str, **headers: str) -> tuple[bytes, list[tuple[str, str]]]:
    """The answer, with what differs from request to request taken out."""
    response = client.post("/reset_password", data={"email": email}, headers=headers)
    assert response.status_code == 200, response.text
    kept = [(name, value) for name, value in response.headers if name != "X-Request-ID"]
    return response.data.replace(email.encode(), b"EMAIL"), kept


def test_known_and_unknown_addresses_get_the_same_answer(strict: FlaskClient) -> None:
    register(strict, "alice@example.com")
    assert ask(strict, "alice@example.com") == ask(strict, "clive@example.com")


def test_only_the_mail_has_the_token(strict: FlaskClient) -> None:
    register(strict)
    body, headers = ask(strict, ALICE)
    assert delivered(strict) == 1
    token = newest_token(outbox(strict).folder)
    assert token not in f"{body!r} {headers!r}"


def test_nobody_gets_no_mail(strict: FlaskClient) -> None:
    register(strict)
    ask(strict, BOB)
    assert delivered(strict) == 0
    assert outbox(strict).deliver_due() == 0, "and it is settled"


def test_the_mail_goes_to_the_address_of_the_account(strict: FlaskClient) -> None:
    register(strict, "Alice@example.com")
    ask(strict, "ALICE@EXAMPLE.COM")
    assert delivered(strict) == 1
    mail = message_from_bytes(mails(outbox(strict).folder)[0].read_bytes(), policy=policy.default)
    assert mail["To"] == "Alice@example.com"
    assert mail["Subject"] == "Reset your password"
    assert {"From", "Date", "Message-ID"} <= set(mail.keys())
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part
        assert "within 30 minutes" in part.get_content()


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "Referer", "X-Original-Host"]
)
def test_the_link_carries_the_configured_origin_only(build: Build, header: str) -> None:
    client = build(STRICT, public_url="https://auth.example.com/").test_client()
    register(client)
    ask(client, ALICE, **{header: "evil.example.net"})
    delivered(client)
    text = mails(outbox(client).folder)[0].read_text()
    token = newest_token(outbox(client).folder)
    assert f"\nhttps://auth.example.com/reset_password?token={token}\n" in text
    assert "evil" not in text


@pytest.mark.parametrize("header", ["Host", "Origin"])
def test_another_name_or_site_gets_no_mail_sent(build: Build, header: str) -> None:
    client = build(STRICT, public_url="https://auth.example.com/").test_client()
    register(client)
    form, forged = {"email": ALICE}, {header: "evil.example.net"}
    answer = client.post("/reset_password", data=form, headers=forged)
    assert answer.status_code in (403, 421)
    assert delivered(client) == 0


def test_without_a_public_url_the_link_leads_to_this_server(build: Build) -> None:
    client = build(STRICT, port=5999).test_client()
    register(client)
    reset_token(client)
    text = mails(outbox(client).folder)[0].read_text()
    assert "\nhttp://localhost:5999/reset_password?token=" in text


def test_a_newer_token_replaces_the_older(client: FlaskClient) -> None:
    register(client)
    older, newer = reset_token(client), reset_token(client)
    refuses(set_password(client, older), 403, "token_invalid")
    assert set_password(client, newer).status_code == 200


def test_a_token_works_for_half_an_hour(strict: FlaskClient, clock: MovableClock) -> None:
    register(strict)
    token = reset_token(strict)
    clock.advance(minutes=30)
    refuses(set_password(strict, token), 403, "token_invalid")
    token = reset_token(strict)
    clock.advance(minutes=29, seconds=59)
    assert set_password(strict, token).status_code == 200


def test_how_long_is_a_setting(build: Build, clock: MovableClock) -> None:
    client = build(STRICT, reset_lifetime=timedelta(minutes=5)).test_client()
    register(client)
    token = reset_token(client)
    clock.advance(minutes=5)
    assert set_password(client, token).status_code == 403


def test_a_classic_token_has_no_end(classic: FlaskClient, clock: MovableClock) -> None:
    register(classic)
    token = reset_token(classic)
    clock.advance(days=3650)
    assert set_password(classic, token).status_code == 200


def test_a_token_opens_only_what_it_is_for(client: FlaskClient) -> None:
    register(client)
    token = reset_token(client)
    rows(client.application, "UPDATE tokens SET purpose = 'verify'")
    refuses(set_password(client, token), 403, "token_invalid")
    assert visitor(client.application, token).get("/profile").status_code == 403


def test_a_session_id_is_no_token(client: FlaskClient) -> None:
    register(client)
    refuses(set_password(client, log_in(client)), 403, "token_invalid")


def test_a_part_of_a_token_is_none(client: FlaskClient) -> None:
    register(client)
    token = reset_token(client)
    for part in (token[:-1], token[1:], f"{token} ", f" {token}", f"{token}0", token.upper() + "%"):
        refuses(set_password(client, part), 403, "token_invalid")
    assert set_password(client, token).status_code == 200


@pytest.mark.parametrize(("profile", "ended"), [(STRICT, True), (CLASSIC, False)])
def test_a_reset_ends_every_session_but_not_in_the_exercise(app: Flask, ended: bool) -> None:
    client = app.test_client()
    register(client)
    session_id = log_in(client)
    set_password(visitor(app), reset_token(visitor(app)))
    status = visitor(app, session_id).get("/profile").status_code
    assert status == (403 if ended else 200)


def test_the_owner_is_told_of_a_reset_but_not_in_the_exercise(app: Flask, profile: str) -> None:
    client = app.test_client()
    register(client)
    token = reset_token(client)
    before = delivered(client)
    set_password(client, token)
    assert delivered(client) == before + (0 if profile == CLASSIC else 1)
    if profile == STRICT:
        newest = mails(outbox(client).folder)[-1]
        mail = message_from_bytes(newest.read_bytes(), policy=policy.default)
        assert (mail["To"], mail["Subject"]) == (ALICE, "Your password was reset")
        assert "token" not in str(mail), "it tells, and opens nothing"


def test_no_mail_tells_of_a_reset_that_was_refused(strict: FlaskClient) -> None:
    register(strict)
    token = reset_token(strict)
    before = delivered(strict)
    refuses(set_password(strict, token, password="short"), 400, "password_refused")
    refuses(set_password(strict, "guessed"), 403, "token_invalid")
    assert delivered(strict) == before


def test_a_reset_leaves_others_alone(client: FlaskClient) -> None:
    register(client, BOB)
    register(client)
    bobs = log_in(visitor(client.application), BOB)
    set_password(client, reset_token(client), email=BOB)
    assert visitor(client.application, bobs).get("/profile").status_code == 200
    assert try_login(client, BOB, PASSWORD).status_code == 200
    assert try_login(client, ALICE, NEW_PASSWORD).status_code == 200


def test_a_mailbox_is_not_flooded(strict: FlaskClient, clock: MovableClock) -> None:
    register(strict)
    for _ in range(5):
        ask(strict, ALICE)
    refusal = strict.post("/reset_password", data={"email": ALICE.upper()})
    refuses(refusal, 429, "attempts_exceeded")
    clock.advance(seconds=int(refusal.headers["Retry-After"]))
    ask(strict, ALICE)


def test_unknown_addresses_are_limited_just_the_same(strict: FlaskClient) -> None:
    register(strict)
    for email in (ALICE, BOB):
        statuses = [
            strict.post("/reset_password", data={"email": email}).status_code for _ in range(7)
        ]
        assert statuses == [200] * 5 + [429] * 2


def test_an_address_that_is_none_is_told_so(strict: FlaskClient) -> None:
    for email in ("alice", "alice@", "@example.com", "a b@example.com", "a@b\n.com", "a@-x.com"):
        refuses(strict.post("/reset_password", json={"email": email}), 400, "email_invalid")
