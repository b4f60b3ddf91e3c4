"""The pages to register, log in and log out, as a browser without scripts uses them."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.service.test_reset_page import NASTY
from tests.stage.clock import MovableClock
from tests.stage.pages import FORM, field, look, said_of, send, without_ours
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    WRONG,
    log_in,
    mail_to,
    register,
    token_to,
    visitor,
)

TOKENS = {"email": "username", "password": "new-password"}
LOCAL = ["/account/sessions", "/docs?x=1&y=2", "/", "/a%20b", "/x:y", "/x?u=https://evil.example"]
ELSEWHERE = [
    *("https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "\\\\evil", "evil"),
    *("javascript:alert(1)", "/\t/evil.example.com", "/x\r\nSet-Cookie: a=b", "/é", "http:///x"),
    *("https:evil.example.com", "https://app.example.com.evil.com/", "///evil", "/ x", "/<b>"),
    *(
        "https://app.example.com@evil.com/",
        "http://app.example.com/",
        "/" + "a" * 2000,
        "https://[",
    ),
]


@pytest.fixture
def app(build: Build) -> Flask:
    """The service, from which one other site is gone back to."""
    return build(STRICT, return_origins="https://app.example.com, http://localhost:3000/")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor."""
    return app.test_client()


def test_who_registers_is_signed_in(client: FlaskClient) -> None:
    page = look(client, "/register")
    assert re.findall(FORM, page.text) == ["/register"]
    assert {name: field(page, name)["autocomplete"] for name in TOKENS} == TOKENS
    answer = send(client, "/register", email=ALICE, password=PASSWORD)
    assert ALICE in look(client, answer.headers["Location"]).text


def test_who_logs_in_is_signed_in_and_out_again(client: FlaskClient) -> None:
    register(client)
    page = look(client, "/login")
    assert field(page, "email")["autocomplete"] == "username webauthn"
    assert field(page, "password")["autocomplete"] == "current-password"
    answer = send(client, "/login", email=ALICE, password=PASSWORD)
    assert answer.headers["Location"] == "/account?arrived=1"
    assert client.get("/profile").get_json() == {"email": ALICE}
    assert send(client, "/logout").headers["Location"] == "/"
    assert "You are logged out." in look(client, "/").text
    assert "You are logged out." not in look(client, "/").text
    assert client.get("/profile").status_code == 403


def test_who_logs_out_twice_is_out(client: FlaskClient) -> None:
    assert send(client, "/logout").headers["Location"] == "/"


@pytest.mark.parametrize(
    ("email", "password", "wrong", "words"),
    [
        ("x", PASSWORD, "email", "Mail cannot go to this address"),
        ("", PASSWORD, "email", "Mail cannot go to this address"),
        (BOB, "marzi", "password", "at least 8 characters"),
        (BOB, "", "password", "at least 8 characters"),
        (BOB, "password1", "password", "among those that leak"),
        (BOB, "qjzqjzqjzqjz", "password", "in a row"),
        (BOB, BOB, "password", "not the address"),
        (BOB, "marzipan" * 200, "password", "at most 1024"),
        (ALICE, PASSWORD, "email", "has an account already"),
    ],
)
def test_a_refused_registration_says_why_beside_the_field_and_keeps_the_address(
    client: FlaskClient, email: str, password: str, wrong: str, words: str
) -> None:
    register(client)
    page = send(client, "/register", 400, email=email, password=password, next="/docs")
    assert words in said_of(page, wrong)
    assert "<title>Error: Create an account" in page.text
    assert field(page, "email")["value"] == email
    assert field(page, "password")["value"] == ""
    assert field(page, "next")["value"] == "/docs"
    assert not password or password not in page.text.replace(BOB, "")


def test_a_refused_password_comes_with_advice(client: FlaskClient) -> None:
    page = send(client, "/register", 400, email=BOB, password="password1")
    described = field(page, "password")["aria-describedby"].split()
    assert described == ["password-hint", "password-error", "password-advice"]
    assert 'id="password-advice">Add another word or two; uncommon ones are best.</p>' in page.text
    assert "password-advice" not in send(client, "/register", 400, email="x", password="x").text


def test_a_wrong_password_says_so_and_may_be_tried_again(client: FlaskClient) -> None:
    register(client)
    page = send(client, "/login", 401, email=ALICE, password=WRONG, next="/docs")
    assert said_of(page, "password") == "Wrong address or password."
    assert field(page, "email")["value"] == ALICE
    assert field(page, "password")["value"] == ""
    assert WRONG not in page.text
    assert "Set-Cookie" not in page.headers
    email, onward = (field(page, name)["value"] for name in ("email", "next"))
    answer = send(client, "/login", email=email, password=PASSWORD, next=onward)
    assert answer.headers["Location"] == "/docs"


def test_an_unknown_address_reads_the_same(client: FlaskClient) -> None:
    register(client)
    pages = [send(client, "/login", 401, email=e, password=WRONG).text for e in (ALICE, BOB)]
    assert pages[0].replace(ALICE, BOB) == pages[1]


def test_too_many_failures_say_how_long_to_wait(client: FlaskClient) -> None:
    register(client)
    for _ in range(10):
        send(client, "/login", 401, email=ALICE, password=WRONG)
    page = send(client, "/login", 429, email=ALICE, password=PASSWORD)
    assert "Too many attempts. Try again in 15 minutes." in page.text
    assert int(page.headers["Retry-After"]) > 800
    assert field(page, "email")["value"] == ALICE


def test_a_new_login_ends_the_session_that_it_came_with(client: FlaskClient) -> None:
    register(client)
    before = log_in(client)
    send(client, "/login", email=ALICE, password=PASSWORD)
    assert visitor(client.application, before).get("/profile").status_code == 403


@pytest.mark.parametrize("path", ["/login", "/register"])
@pytest.mark.parametrize("onward", LOCAL)
def test_next_leads_to_a_page_of_this_site(client: FlaskClient, path: str, onward: str) -> None:
    page = look(client, f"{path}?next={onward.replace('&', '%26').replace('%20', '%2520')}")
    assert field(page, "next")["value"] == onward
    register(client)
    email = ALICE if path == "/login" else BOB
    answer = send(client, path, email=email, password=PASSWORD, next=onward)
    arrives = onward + ("?arrived=1" if onward.startswith("/account") else "")
    assert answer.headers["Location"] == arrives


@pytest.mark.parametrize("onward", ELSEWHERE)
def test_next_leads_nowhere_else(client: FlaskClient, onward: str) -> None:
    register(client)
    answer = send(client, "/login", email=ALICE, password=PASSWORD, next=onward)
    assert answer.headers["Location"] == "/account?arrived=1"
    assert send(client, "/language", language="fr", next=onward).headers["Location"] == "/"


@pytest.mark.parametrize("onward", ["https://app.example.com/in?x=1", "http://localhost:3000/"])
def test_next_leads_to_an_origin_that_is_listed(client: FlaskClient, onward: str) -> None:
    register(client)
    page = look(client, "/login")
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://app.example.com http://localhost:3000;" in policy
    answer = send(client, "/login", email=ALICE, password=PASSWORD, next=onward)
    assert answer.headers["Location"] == onward


@pytest.mark.parametrize(
    "origins", ["app.example.com", "https://x/y", "https://x;", "*", "ftp://x"]
)
def test_what_is_no_origin_is_refused_at_start(build: Build, origins: str) -> None:
    with pytest.raises(ValueError, match="say scheme, host and port alone"):
        build(STRICT, return_origins=origins)


@pytest.mark.parametrize("text", NASTY)
def test_what_was_typed_is_kept_as_text(client: FlaskClient, text: str) -> None:
    for path, status in (("/login", 401), ("/register", 400)):
        page = send(client, path, status, email=text, password=text, next=text)
        assert field(page, "email")["value"] == text
        assert not re.search(r"<(script|img|svg|b)\b", without_ours(page.text))
        assert ">49<" not in page.text


def test_where_addresses_are_verified_the_mail_leads_on(build: Build) -> None:
    client = build(STRICT, require_verified=True, conceal_accounts=True).test_client()
    pages = [send(client, "/register", 200, email=ALICE, password=PASSWORD).text for _ in range(2)]
    assert pages[0] == pages[1], "the second is of a known address"
    assert "Check your mail" in pages[0]
    assert "/verify_email?token=" in mail_to(client.application, ALICE)
    page = send(client, "/login", 401, email=ALICE, password=PASSWORD)
    assert "not verified yet: see your mail" in said_of(page, "password")
    form = {"token": token_to(client.application, ALICE), "password": PASSWORD}
    assert "Address verified" in send(client, "/verify_email/form", 200, **form).text
    look(client, "/account")


def test_concealed_accounts_are_not_told_by_a_login(build: Build) -> None:
    client = build(STRICT, conceal_accounts=True, require_verified=False).test_client()
    register(client, BOB)
    for email in (ALICE, BOB):
        answer = send(client, "/register", email=email, password=PASSWORD)
        assert answer.headers["Location"] == "/login"
        assert [c.partition("=")[0] for c in answer.headers.getlist("Set-Cookie")] == ["notice"]
        assert "If the address was free, it has an account now." in look(client, "/login").text


@pytest.mark.parametrize("onward", ["", "/account", "/account/sessions"])
def test_a_browser_that_keeps_no_cookie_is_told(app: Flask, onward: str) -> None:
    client = app.test_client(use_cookies=False)
    register(client)
    for _ in range(2):
        answer = send(client, "/login", email=ALICE, password=PASSWORD, next=onward)
        page = look(client, answer.headers["Location"], 401)
        assert "Your browser kept no cookie" in page.text
        onward = field(page, "next")["value"]
    assert onward in ("/account", "/account/sessions")


def test_a_form_is_sent_from_our_pages_alone(client: FlaskClient) -> None:
    register(client)
    form = {"email": ALICE, "password": PASSWORD}
    for path in ("/login", "/register", "/logout", "/language", "/account/delete"):
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            answer = client.post(path, data=form, headers=headers)
            assert (answer.status_code, answer.get_json()["code"]) == (403, "cross_site")
        # With another policy, browsers without Fetch Metadata say "Origin: null" of our own pages.
        assert look(client, "/login").headers["Referrer-Policy"] == "strict-origin"


def test_the_exercise_has_none_of_these_pages(classic: FlaskClient, clock: MovableClock) -> None:
    for path in ("/login", "/register", "/account", "/language", "/logout"):
        assert classic.get(path).status_code == 404
    home = look(classic, "/").text
    assert "/login" not in home
    assert "<script" not in home
