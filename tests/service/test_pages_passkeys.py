"""Passkeys on pages: what a page's form does with what the browser signed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.service.test_change_of_address import ELSEWHERE
from tests.stage.clock import MovableClock
from tests.stage.factors import half_log_in
from tests.stage.pages import FORM, field, look, said_of, send
from tests.stage.passkeys import Made, SoftPasskey, asked, offered
from tests.stage.profiles import STRICT
from tests.stage.visits import ALICE, NEW_PASSWORD, PASSWORD, register, token_to, visitor

FACTORS = "/account/factors"


def shown(
    client: FlaskClient, key: SoftPasskey, purpose: str, status: int = 303, **more: Any
) -> TestResponse:
    """What a page's form answers to this passkey."""
    given = asked(client, purpose)
    form = {
        "ticket": given["ticket"],
        "credential": json.dumps(key.get(given["publicKey"])),
        "purpose": purpose,
    }
    return send(client, "/login/passkey", status, **form | more)


def test_a_passkey_logs_in_and_goes_on(alice: FlaskClient, key: Made) -> None:
    client = visitor(alice.application)
    page = look(client, "/login?next=/account/activity")
    assert field(page, "email")["autocomplete"] == "username webauthn"
    assert 'data-passkey="login" hidden' in page.text
    answer = shown(client, key.passkey, "login", next="/account/activity")
    assert answer.headers["Location"] == "/account/activity"
    assert client.get("/profile").get_json() == {"email": ALICE}
    answer = shown(client, key.passkey, "login", next="https://evil.example.com")
    assert answer.headers["Location"] == "/account"


def test_it_is_the_second_step_of_a_password(alice: FlaskClient, key: Made) -> None:
    client = visitor(alice.application)
    answer = send(client, "/login", email=ALICE, password=PASSWORD, next="/docs")
    page = look(client, answer.headers["Location"])
    assert 'data-passkey="factor" hidden' in page.text
    assert "Passkeys need JavaScript" in page.text
    assert field(page, "way")["value"] == "recovery", "there is no app"
    page = shown(client, SoftPasskey(), "factor", 401, next="/docs")
    assert "This passkey does not open this account." in page.text
    assert re.findall(FORM, page.text) == ["/login/factor"]
    assert shown(client, key.passkey, "factor", next="/docs").headers["Location"] == "/docs"


def test_the_fifth_wrong_one_ends_the_login_as_a_code_does(alice: FlaskClient, key: Made) -> None:
    client = visitor(alice.application)
    send(client, "/login", email=ALICE, password=PASSWORD)
    for form in ["/login/factor"] * 4 + ["/login"]:
        page = shown(client, SoftPasskey(), "factor", 401, next="/docs")
        assert re.findall(FORM, page.text) == [form]
    assert "too many codes" in page.text
    assert field(page, "next")["value"] == "/docs"


def test_it_proves_once_more_who_it_is(alice: FlaskClient, key: Made, clock: MovableClock) -> None:
    clock.advance(minutes=11)
    page = send(alice, "/account/delete", 403, sure="yes")
    assert 'data-passkey="proof" hidden' in page.text
    page = shown(alice, SoftPasskey(), "proof", 401, next="/account/delete")
    assert re.findall(FORM, page.text) == ["/account/confirm"]
    answer = shown(alice, key.passkey, "proof", next="/account/delete")
    assert answer.headers["Location"] == "/account/delete"
    send(alice, "/account/delete", sure="yes")


@pytest.mark.parametrize("credential", ["", "{}", "[]", "null", "{", "[" * 15_000, '{"id": 1}'])
def test_what_is_no_passkey_is_refused(alice: FlaskClient, credential: str) -> None:
    client = visitor(alice.application)
    form = {"ticket": asked(client)["ticket"], "credential": credential, "purpose": "login"}
    page = send(client, "/login/passkey", 401, **form)
    assert "This passkey does not open this account." in page.text
    form = {"ticket": offered(alice)["ticket"], "credential": credential}
    page = send(alice, f"{FACTORS}/passkeys", 400, **form)
    assert "Your browser made no passkey that can be used here." in page.text


def test_a_ticket_that_is_over_leads_back_to_the_form(
    alice: FlaskClient, key: Made, clock: MovableClock
) -> None:
    for purpose in ("login", "factor", "proof", ""):
        page = send(
            visitor(alice.application),
            "/login/passkey",
            401 if purpose == "proof" else 403,
            ticket="over",
            credential="{}",
            purpose=purpose,
        )
        assert re.findall(FORM, page.text) == ["/login"]


def test_the_account_offers_one_at_once_and_the_first_brings_codes(alice: FlaskClient) -> None:
    assert 'data-passkey="add"' in look(alice, "/account").text
    given = offered(alice)
    form = {
        "ticket": given["ticket"],
        "credential": json.dumps(SoftPasskey().create(given["publicKey"])),
    }
    page = send(alice, f"{FACTORS}/passkeys", 200, **form)
    assert len(re.findall(r"<code>[0-9A-Z-]{29}</code>", page.text)) == 10
    assert 'data-passkey="add"' not in look(alice, "/account").text
    again = send(alice, f"{FACTORS}/passkeys", 403, **form)
    assert "This took too long, or was begun elsewhere." in again.text


def test_a_passkey_is_renamed_and_removed(alice: FlaskClient, key: Made) -> None:
    path = f"{FACTORS}/passkeys/{key.public_id}"
    assert path in look(alice, FACTORS).text
    assert field(look(alice, path), "name")["value"] == "the blue telephone"
    answer = send(alice, f"{path}/name", name="<b>red</b>")
    assert "has its new name" in look(alice, answer.headers["Location"]).text
    assert "&lt;b&gt;red&lt;/b&gt;" in look(alice, FACTORS).text
    answer = send(alice, f"{path}/remove")
    assert "The passkey is removed." in look(alice, answer.headers["Location"]).text
    assert "There is no such factor." in look(alice, path, 404).text
    for act in ("name", "remove"):
        assert "There is no such factor." in send(alice, f"{path}/{act}", 404).text


def test_changes_ask_once_more_who_it_is(
    alice: FlaskClient, key: Made, clock: MovableClock
) -> None:
    clock.advance(minutes=11)
    path = f"{FACTORS}/passkeys/{key.public_id}"
    for act, back in (
        (f"{path}/name", path),
        (f"{path}/remove", path),
        (f"{FACTORS}/password", f"{FACTORS}/password"),
    ):
        page = send(alice, act, 403, name="x")
        assert field(page, "next")["value"] == back


def test_an_account_without_a_password_has_no_dead_end(
    alice: FlaskClient, key: Made, clock: MovableClock
) -> None:
    look(alice, f"{FACTORS}/password")
    answer = send(alice, f"{FACTORS}/password")
    assert "The password is removed." in look(alice, answer.headers["Location"]).text
    assert "passkeys alone open the account" in look(alice, "/account").text
    page = look(alice, "/account/confirm")
    assert 'name="password"' not in page.text
    assert 'href="/reset_password"' in page.text
    assert "needs a passkey" in send(alice, f"{FACTORS}/passkeys/{key.public_id}/remove", 409).text
    client = visitor(alice.application)
    shown(client, key.passkey, "login")
    shown(client, key.passkey, "proof")


def test_it_gets_a_password_again_on_a_page_soon_after_a_proof(
    alice: FlaskClient, key: Made, clock: MovableClock
) -> None:
    send(alice, f"{FACTORS}/password")
    assert "Choose a password" in look(alice, "/account").text
    clock.advance(minutes=11)
    form: dict[str, Any] = {"new_password": NEW_PASSWORD}
    path = "/account/password"
    for page in (look(alice, path, 403), send(alice, path, 403, **form)):
        assert f'name="next" value="{path}"' in page.text
    answer = shown(alice, key.passkey, "proof", next=path)
    page = look(alice, answer.headers["Location"])
    assert 'name="current_password"' not in page.text
    assert "at least 8 characters" in said_of(
        send(alice, path, 400, new_password="x"), "new_password"
    )
    answer = send(alice, path, **form)
    assert "Your password is changed" in look(alice, answer.headers["Location"]).text
    assert field(look(alice, path), "current_password")
    half_log_in(visitor(alice.application), ALICE, NEW_PASSWORD)


def test_its_address_changes_on_pages_soon_after_a_proof(
    alice: FlaskClient, key: Made, clock: MovableClock
) -> None:
    send(alice, f"{FACTORS}/password")
    clock.advance(minutes=11)
    path = "/account/email"
    look(alice, path, 403)
    send(alice, path, 403, email=ELSEWHERE)
    shown(alice, key.passkey, "proof")
    assert 'name="password"' not in look(alice, path).text
    assert "Mail cannot go" in said_of(send(alice, path, 400, email="x"), "email")
    send(alice, path, email=ELSEWHERE)
    link = f"/profile/email/confirm?token={token_to(alice.application, ELSEWHERE)}"
    form = {"token": link.partition("=")[2]}
    other = visitor(alice.application)
    assert 'name="password"' not in look(other, link).text
    page = send(other, "/profile/email/confirm/form", 401, **form)
    answer = shown(other, key.passkey, "login", next=field(page, "next")["value"])
    assert answer.headers["Location"] == link
    clock.advance(minutes=11)
    send(other, "/profile/email/confirm/form", 403, **form)
    shown(other, key.passkey, "proof")
    assert ELSEWHERE in send(other, "/profile/email/confirm/form", 200, **form).text


def test_the_last_passkey_of_nobody_is_needed_for_no_password(alice: FlaskClient) -> None:
    page = send(alice, f"{FACTORS}/password", 409)
    assert "needs a passkey, or a password" in page.text


def test_who_has_to_add_a_factor_may_add_a_passkey(build: Build) -> None:
    client = build(STRICT, factors="all").test_client()
    register(client)
    send(client, "/login", email=ALICE, password=PASSWORD)
    assert 'data-passkey="add"' in look(client, "/login/factor").text
    given = offered(client)
    credential = json.dumps(SoftPasskey().create(given["publicKey"]))
    form = {"ticket": given["ticket"], "credential": credential, "next": "/docs"}
    page = send(client, f"{FACTORS}/passkeys", 200, **form)
    assert 'class="button" href="/docs"' in page.text
    look(client, "/account")


def test_where_browsers_know_none_nothing_is_offered(build: Build) -> None:
    client = build(STRICT, public_url="http://192.0.2.1:5000").test_client()
    page = look(client, "/login", host="192.0.2.1:5000")
    assert "passkey" not in page.text
    assert field(page, "email")["autocomplete"] == "username"
