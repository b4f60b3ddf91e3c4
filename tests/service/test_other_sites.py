"""Pages of other sites change nothing here, and names that are not ours are not answered."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.profiles import STRICT
from tests.stage.visits import ALICE, NEW_PASSWORD, PASSWORD, log_in, register, reset_token

PUBLIC = "https://auth.example.com"
CHANGES = [
    ("POST", "/users"),
    ("POST", "/sessions"),
    ("DELETE", "/sessions"),
    ("POST", "/reset_password"),
    ("PUT", "/reset_password"),
    ("POST", "/password_strength"),
    ("PUT", "/profile/password"),
    ("PUT", "/profile/email"),
    ("POST", "/profile/email/confirm"),
    ("POST", "/profile/email/undo"),
    ("POST", "/verify_email"),
    ("DELETE", "/profile"),
]
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "anything"},
    {"Origin": "https://evil.example.com"},
    {"Origin": "null"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost.evil.example.com"},
    {"Origin": "http://localhost:8080"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]
OWN = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_no_change_is_made_for_another_site(
    strict: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    form = {"email": ALICE, "password": PASSWORD}
    refuses(strict.open(path, method=method, data=form, headers=headers), 403, "cross_site")


@pytest.mark.parametrize("headers", FOREIGN)
def test_no_other_site_logs_anybody_in_or_out(strict: FlaskClient, headers: dict[str, str]) -> None:
    register(strict)
    form = {"email": ALICE, "password": PASSWORD}
    assert "Set-Cookie" not in strict.post("/sessions", data=form, headers=headers).headers
    log_in(strict)
    strict.delete("/sessions", headers=headers)
    assert strict.get("/profile").status_code == 200


@pytest.mark.parametrize("headers", OWN)
def test_our_own_pages_and_programs_are_served(
    strict: FlaskClient, headers: dict[str, str]
) -> None:
    form = {"email": ALICE, "password": PASSWORD}
    assert strict.post("/users", data=form, headers=headers).status_code == 200


def test_the_form_behind_the_mails_link_needs_no_origin(strict: FlaskClient) -> None:
    register(strict)
    form = {"reset_token": reset_token(strict), "new_password": NEW_PASSWORD}
    answer = strict.post("/reset_password/new", data=form, headers={"Origin": "null"})
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", FOREIGN)
def test_looking_is_allowed_from_anywhere(strict: FlaskClient, headers: dict[str, str]) -> None:
    assert strict.get("/", headers=headers).status_code == 200


def test_classic_answers_whoever_asks_on_this_machine(classic: FlaskClient) -> None:
    form = {"email": ALICE, "password": PASSWORD}
    assert classic.post("/users", data=form, headers=FOREIGN[0]).status_code == 200


def test_behind_a_proxy_the_public_address_is_the_origin(build: Build) -> None:
    ask = build(STRICT, public_url=PUBLIC).test_client()
    form, host = {"email": ALICE, "password": PASSWORD}, {"Host": "auth.example.com"}
    for wrong in ("http://auth.example.com", "https://auth.example.com:444", "http://localhost"):
        refuses(ask.post("/users", data=form, headers=host | {"Origin": wrong}), 403, "cross_site")
    assert ask.post("/users", data=form, headers=host | {"Origin": PUBLIC}).status_code == 200


@pytest.mark.parametrize("name", ["evil.example.com", "auth.example.com.evil.com", "10.0.0.7"])
def test_a_name_that_is_not_ours_is_not_answered(build: Build, name: str) -> None:
    ask = build(STRICT, public_url=PUBLIC).test_client()
    refuses(ask.get("/profile", headers={"Host": name}), 421, "host_unknown")
    for path in ("/healthz", "/readyz"):
        assert ask.get(path, headers={"Host": name}).status_code == 200


@pytest.mark.parametrize(
    "name", ["auth.example.com", "AUTH.example.com", "localhost:5000", "[::1]"]
)
def test_our_name_and_this_machines_are_answered(build: Build, name: str) -> None:
    ask = build(STRICT, public_url=PUBLIC).test_client()
    assert ask.get("/", headers={"Host": name}).status_code == 200


def test_only_this_machine_may_use_its_own_names(build: Build) -> None:
    ask = build(STRICT, public_url=PUBLIC).test_client()
    elsewhere = {"REMOTE_ADDR": "203.0.113.7"}
    response = ask.get("/", headers={"Host": "localhost"}, environ_base=elsewhere)
    refuses(response, 421, "host_unknown")
