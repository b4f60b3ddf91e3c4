"""The second step of a login, and the proof before what cannot be undone, as pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.service.test_reset_page import NASTY
from tests.stage.clock import MovableClock
from tests.stage.factors import Authenticator
from tests.stage.pages import FORM, field, look, said_of, send, without_ours
from tests.stage.visits import ALICE, BOB, NEW_PASSWORD, PASSWORD, WRONG, visitor

SENSITIVE: list[tuple[str, dict[str, str], str]] = [
    ("/account/sessions/end", {"id": "others"}, "/account/sessions"),
    ("/account/export", {}, "/account/export"),
    ("/account/delete", {"sure": "yes"}, "/account/delete"),
]
WITH_PASSWORD: list[tuple[str, dict[str, str], str]] = [
    (
        "/account/password",
        {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
        "/account/password",
    ),
    ("/account/email", {"email": BOB, "password": PASSWORD}, "/account/email"),
]


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


@pytest.fixture
def client(app: Flask, phone: Authenticator) -> FlaskClient:
    """Another browser, of whoever comes to the account of Alice."""
    return app.test_client()


def log_in(client: FlaskClient, onward: str = "") -> str:
    """Log in by the page as far as a password leads; where the browser is sent."""
    form: dict[str, Any] = {"email": ALICE, "password": PASSWORD, "next": onward}
    where = send(client, "/login", **form).headers["Location"]
    assert where.startswith("/login/factor?arrived=1")
    return str(where)


def sent(client: FlaskClient, page: TestResponse, code: str, status: int = 303) -> TestResponse:
    """Send the page's form with a code, and what else is in it."""
    kept = {name: field(page, name)["value"] for name in ("next", "way")}
    return send(client, "/login/factor", status, code=code, **kept)


def test_a_login_that_owes_a_code_asks_for_it_and_goes_on(
    client: FlaskClient, phone: Authenticator
) -> None:
    page = look(client, log_in(client, "/account/sessions"))
    assert re.findall(FORM, page.text) == ["/login/factor"]
    code = field(page, "code")
    assert (code["autocomplete"], code["inputmode"]) == ("one-time-code", "numeric")
    answer = sent(client, page, phone.code())
    assert answer.headers["Location"] == "/account/sessions"
    assert client.get("/profile").get_json() == {"email": ALICE}


def test_without_a_wish_it_leads_to_the_account(client: FlaskClient, phone: Authenticator) -> None:
    page = look(client, log_in(client, "https://evil.example.com"))
    assert "evil" not in page.text
    assert sent(client, page, phone.code()).headers["Location"] == "/account"
    log_in(client)
    answer = send(client, "/login/factor", code=phone.code(steps=1), next="//evil.example.com")
    assert answer.headers["Location"] == "/account"


def test_a_recovery_code_has_a_form_of_its_own_and_serves_in_either(
    client: FlaskClient, phone: Authenticator
) -> None:
    page = look(client, log_in(client, "/docs"))
    (other,) = re.findall(r'href="(/login/factor[^"]*)"', page.text)
    page = look(client, other.replace("&amp;", "&"))
    assert field(page, "code")["autocomplete"] == "off"
    answer = sent(client, page, phone.recovery_codes[0].lower().replace("-", " "))
    assert answer.headers["Location"] == "/docs"
    assert "That recovery code is used up." in look(client, "/account").text
    page = look(client, log_in(client))
    assert sent(client, page, phone.recovery_codes[1]).headers["Location"] == "/account"


def test_a_wrong_code_says_so_and_another_may_be_tried(
    client: FlaskClient, phone: Authenticator
) -> None:
    for way in ("otp", "recovery"):
        page = look(client, f"{log_in(client, '/docs')}&way={way}")
        page = sent(client, page, phone.wrong(), 401)
        assert "wrong, or was used already" in said_of(page, "code")
        assert (field(page, "way")["value"], field(page, "code")["value"]) == (way, "")
        assert sent(client, page, phone.recovery_codes.pop()).headers["Location"] == "/docs"


def test_an_empty_field_is_no_guess(client: FlaskClient, phone: Authenticator) -> None:
    page = look(client, log_in(client))
    for code in ("", "  ") * 4:
        page = sent(client, page, code, 401)
        assert said_of(page, "code") == "The password is right. A code is needed, too."
    sent(client, page, phone.code())


def test_after_five_wrong_codes_one_begins_again(client: FlaskClient, phone: Authenticator) -> None:
    page = look(client, log_in(client, "/docs"))
    for _ in range(4):
        page = sent(client, page, phone.wrong(), 401)
    page = sent(client, page, phone.wrong(), 401)
    assert "This login is over" in page.text
    assert field(page, "next")["value"] == "/docs"
    assert re.findall(FORM, page.text) == ["/login"]
    sent(client, look(client, log_in(client)), phone.code())


def test_too_many_wrong_codes_say_how_long_to_wait(
    client: FlaskClient, phone: Authenticator
) -> None:
    for _ in range(2):
        page = look(client, log_in(client))
        for _ in range(5):
            page = send(client, "/login/factor", 401, code=phone.wrong())
    page = sent(client, look(client, log_in(client)), phone.code(), 429)
    assert re.search(r"Too many attempts\. Try again in \d+ minutes", page.text)
    assert int(page.headers["Retry-After"]) > 60
    sent(client, page, phone.recovery_codes[0])


def test_a_login_that_took_too_long_says_so_and_leads_on(
    client: FlaskClient, phone: Authenticator, clock: MovableClock
) -> None:
    where = log_in(client, "/docs")
    clock.advance(minutes=10)
    for page in (look(client, where, 403), send(client, "/login/factor", 403, code="1")):
        assert "This login is over" in page.text
        assert "Set-Cookie" not in page.headers
        assert re.findall(FORM, page.text) == ["/login"]


def test_what_is_finished_leads_on_from_the_back_button_and_a_second_tab(
    client: FlaskClient, phone: Authenticator
) -> None:
    where = log_in(client, "/docs")
    page = look(client, where)
    sent(client, page, phone.code())
    for answer in (client.get(where), sent(client, page, phone.code(steps=1))):
        assert (answer.status_code, answer.headers["Location"]) == (303, "/docs")
        assert "Set-Cookie" not in answer.headers


def test_what_is_sent_twice_at_once_explains_itself_and_harms_nothing(
    client: FlaskClient, phone: Authenticator
) -> None:
    """The second request has the cookie from before, as the browser sends both with it."""
    log_in(client)
    cookie = client.get_cookie("session_id")
    assert cookie
    twin = visitor(client.application, cookie.value)
    send(client, "/login/factor", code=phone.code())
    page = send(twin, "/login/factor", 403, code=phone.code())
    assert "sent twice" in page.text
    assert "Set-Cookie" not in page.headers
    assert client.get("/profile").status_code == 200


def test_a_page_asked_for_half_way_is_the_form_for_the_code(
    client: FlaskClient, phone: Authenticator
) -> None:
    log_in(client)
    page = look(client, "/account/activity?before=7", 401)
    assert re.findall(FORM, page.text) == ["/login/factor"]
    answer = sent(client, page, phone.code())
    assert answer.headers["Location"] == "/account/activity?before=7"


def test_it_can_be_given_up(client: FlaskClient, phone: Authenticator) -> None:
    where = log_in(client)
    assert 'action="/logout"' in look(client, where).text.partition("<main")[2]
    assert send(client, "/logout").headers["Location"] == "/"
    assert "Log in" in look(client, where, 403).text


def test_a_browser_that_keeps_no_cookie_is_told(app: Flask, phone: Authenticator) -> None:
    client = app.test_client(use_cookies=False)
    page = look(client, log_in(client, "/docs"), 403)
    assert "Your browser kept no cookie" in page.text
    assert field(page, "next")["value"] == "/docs"


def test_nobody_is_led_to_the_form_to_log_in(app: Flask) -> None:
    page = look(app.test_client(), "/login/factor?next=/docs", 403)
    assert field(page, "next")["value"] == "/docs"


def test_what_is_sent_never_comes_back_as_html(client: FlaskClient) -> None:
    log_in(client)
    for text in NASTY:
        page = client.get("/login/factor", query_string={"next": text, "way": text})
        assert field(page, "next")["value"] == text
        assert not re.search(r"<(script|img|svg|b)\b", without_ours(page.text))
        assert ">49<" not in page.text


@pytest.mark.parametrize(("path", "form", "back"), SENSITIVE)
def test_what_cannot_be_undone_asks_once_more_and_leads_back(
    alice: FlaskClient, clock: MovableClock, path: str, form: dict[str, str], back: str
) -> None:
    visitor(alice.application)
    clock.advance(minutes=11)
    page = send(alice, path, 403, **form)
    assert "Is it you?" in page.text
    assert re.findall(FORM, page.text) == ["/account/confirm"]
    assert 'name="code"' not in page.text
    assert field(page, "username")["value"] == ALICE
    onward = field(page, "next")["value"]
    page = send(alice, "/account/confirm", 401, password=WRONG, next=onward)
    assert said_of(page, "password") == "This is not the password of your account."
    answer = send(alice, "/account/confirm", password=PASSWORD, next=field(page, "next")["value"])
    assert answer.headers["Location"] == back
    assert "Now go on with what you wanted." in look(alice, back).text
    assert alice.post(path, data=form).status_code in (200, 303)


@pytest.mark.parametrize(("path", "form", "back"), [*SENSITIVE, *WITH_PASSWORD])
def test_with_a_factor_the_proof_is_password_and_code(
    alice: FlaskClient,
    phone: Authenticator,
    clock: MovableClock,
    path: str,
    form: dict[str, str],
    back: str,
) -> None:
    clock.advance(minutes=11)
    page = send(alice, path, 403, **form)
    assert field(page, "code")["autocomplete"] == "one-time-code"
    assert field(page, "next")["value"] == back
    sent: dict[str, Any] = {"password": PASSWORD, "next": back}
    assert "code is needed" in said_of(send(alice, "/account/confirm", 401, **sent), "code")
    assert "is wrong" in said_of(
        send(alice, "/account/confirm", 401, **sent, code=phone.wrong()), "code"
    )
    send(alice, "/account/confirm", **sent, code=phone.code())
    assert alice.post(path, data=form).status_code in (200, 303)


def test_a_proof_by_a_recovery_code_says_that_it_is_used_up(
    alice: FlaskClient, phone: Authenticator
) -> None:
    send(alice, "/account/confirm", password=PASSWORD, code=phone.recovery_codes[0])
    assert "That recovery code is used up." in look(alice, "/account").text


def test_who_is_not_logged_in_proves_nothing(client: FlaskClient, phone: Authenticator) -> None:
    page = look(client, "/account/confirm?next=/docs", 401)
    assert field(page, "next")["value"] == "/docs"
    page = send(client, "/account/confirm", 401, password=PASSWORD, code=phone.code())
    assert re.findall(FORM, page.text) == ["/login"]
    log_in(client)
    page = send(client, "/account/confirm", 401, password=PASSWORD, code=phone.code())
    assert re.findall(FORM, page.text) == ["/login/factor"]


def test_a_proof_leads_nowhere_else(alice: FlaskClient) -> None:
    answer = send(alice, "/account/confirm", password=PASSWORD, next="https://evil.example.com")
    assert answer.headers["Location"] == "/account"


def test_pages_of_the_second_step_speak_french(client: FlaskClient, phone: Authenticator) -> None:
    assert "Encore une étape" in look(client, log_in(client), language="fr").text
