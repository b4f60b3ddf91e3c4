"""The cookie: out of reach for scripts and other sites in strict, plain in classic."""

from __future__ import annotations

from http.cookies import SimpleCookie
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import says
from tests.stage.profiles import CLASSIC, STRICT, only_strict
from tests.stage.visits import ALICE, PASSWORD, log_in, register, try_login, visitor

ATTRIBUTES = {STRICT: {"HttpOnly", "SameSite=Lax", "Path=/"}, CLASSIC: {"Path=/"}}


def test_the_cookie_has_the_attributes_of_its_profile(client: FlaskClient, profile: str) -> None:
    register(client)
    cookie = try_login(client).headers["Set-Cookie"]
    pair, *attributes = cookie.split("; ")
    assert set(attributes) == ATTRIBUTES[profile]
    name, _, value = pair.partition("=")
    assert name == "session_id"
    assert str(UUID(value)) == value


def test_a_login_sets_no_cookies_but_its_own(client: FlaskClient, profile: str) -> None:
    register(client)
    set_by_login = try_login(client).headers.getlist("Set-Cookie")
    names = ["session_id", "device"] if profile == STRICT else ["session_id"]
    assert [cookie.partition("=")[0] for cookie in set_by_login] == names


def test_only_a_login_sets_a_cookie(client: FlaskClient) -> None:
    answers = [register(client), client.get("/"), client.get("/profile"), client.get("/docs")]
    assert not any("Set-Cookie" in answer.headers for answer in answers)


@only_strict
def test_a_log_out_takes_the_cookie_away(client: FlaskClient) -> None:
    register(client)
    log_in(client)
    (cookie,) = client.delete("/sessions").headers.getlist("Set-Cookie")
    pair, *attributes = cookie.split("; ")
    assert pair == "session_id="
    assert {"Max-Age=0", *ATTRIBUTES[STRICT]} < set(attributes)
    assert client.get_cookie("session_id") is None
    assert "Set-Cookie" not in client.delete("/sessions").headers, "nobody was logged out"


def test_under_https_too_and_by_its_other_name(build: Build) -> None:
    client = build(STRICT, public_url="https://auth.example.com").test_client()
    register(client)
    try_login(client)
    (cookie,) = client.delete("/sessions", base_url="https://localhost").headers.getlist(
        "Set-Cookie"
    )
    assert cookie.startswith("__Host-session_id=;")
    assert "Secure" in cookie.split("; ")


def test_under_https_the_cookie_never_leaves_it(build: Build) -> None:
    client = build(STRICT, public_url="https://auth.example.com").test_client()
    register(client)
    cookie, device = try_login(client).headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-session_id=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} == set(cookie.split("; ")[1:])
    assert device.startswith("__Host-device=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} < set(device.split("; ")[1:])
    (sent,) = SimpleCookie(cookie).values()
    plain = visitor(client.application)
    plain.set_cookie("__Host-session_id", sent.value)
    says(plain.get("/profile"), 200, email=ALICE)


@pytest.mark.parametrize("path", ["/", "/profile", "/docs", "/openapi.json", "/nowhere"])
def test_no_cache_keeps_an_answer(client: FlaskClient, path: str) -> None:
    register(client)
    log_in(client)
    headers = client.get(path).headers
    assert headers["Cache-Control"] == "no-store"
    assert "Cookie" in headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/profile", "/reset_password?token=x", "/nowhere", "/users"])
def test_every_answer_keeps_to_itself(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    headers, policy = answer.headers, answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    targets = "'self'" if answer.mimetype == "text/html" else "'none'"
    assert f"form-action {targets}" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("no-referrer", "strict-origin")


@pytest.mark.parametrize(
    "others", ["", "session_id=planted; ", "a=b; xsession_id=no; session_idx=no; ", 'q="a;b"; ']
)
def test_other_cookies_do_not_stand_in_the_way(build: Build, others: str) -> None:
    app = build(STRICT, public_url="https://auth.example.com")
    ask, host = app.test_client(use_cookies=False), {"Host": "auth.example.com"}
    form = {"email": ALICE, "password": PASSWORD}
    ask.post("/users", data=form, headers=host)
    cookie = ask.post("/sessions", data=form, headers=host).headers["Set-Cookie"]
    mine = cookie.partition(";")[0]
    for sent in (f"{others}{mine}", f"{mine}; {others}", f"{others} {mine};z=1"):
        assert ask.get("/profile", headers=host | {"Cookie": sent}).status_code == 200
    plain = mine.replace("__Host-", "")
    assert ask.get("/profile", headers=host | {"Cookie": plain}).status_code == 403
