"""New passwords are long enough and not known to everybody; old ones are only read."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    ALICE,
    PASSWORD,
    register,
    reset_token,
    set_password,
    try_login,
)
from vestibule.auth.errors import PasswordRefused
from vestibule.auth.policy import Policy, common

LONGEST = 1024
REFUSED = {
    "marzipa": "at least 8 characters",
    "\U0001f36f" * 7: "at least 8 characters",
    "password1": "leak most often",
    "PASSWORD1": "leak most often",
    "12345678": "leak most often",
    "qjqjqjqjqj": "again and again",
    "zqj!zqj!zqj!": "again and again",
    "\U0001f36f" * 9: "again and again",
    "klmnopqrstu": "in a row",
    "utsrqponmlk": "in a row",
    ALICE: "not the address",
    ALICE.upper(): "not the address",
    "Vestibule": "not the address",
}
RULES = {
    "at least 8 characters": "too_short",
    "leak most often": "common",
    "again and again": "pattern",
    "in a row": "pattern",
    "not the address": "own_name",
}
ACCEPTED = ["marzipan", "marzipan " * 14 + "!", "  marzipan  ", "\U0001f36fmarzipan", "märzipän!!"]


def ask_for(client: FlaskClient, password: str) -> TestResponse:
    return client.post("/users", json={"email": ALICE, "password": password})


@pytest.mark.parametrize("password", REFUSED)
def test_a_bad_password_is_refused_with_the_reason(strict: FlaskClient, password: str) -> None:
    response = ask_for(strict, password)
    refuses(response, 400, "password_refused")
    body = response.get_json()
    assert REFUSED[password] in body["detail"]
    assert body["rule"] == RULES[REFUSED[password]]
    assert ask_for(strict, PASSWORD).status_code == 200, "the address is still free"


def test_the_blocklist_has_what_leaks_most_often() -> None:
    words = common().decode().strip("\n").split("\n")
    assert len(set(words)) == len(words) >= 30_000
    assert all(word == word.casefold() for word in words), "as it is compared"
    policy = Policy(min_length=8)
    for word in [word for word in words if len(word) >= 8][:3000]:
        with pytest.raises(PasswordRefused, match="leak most often"):
            policy.require(word.upper(), ALICE)


def test_a_refusal_says_what_would_help(strict: FlaskClient) -> None:
    detail = ask_for(strict, "password1").get_json()["detail"]
    assert detail.endswith("; choose another. Add another word or two. Uncommon words are better.")


def test_the_page_says_it_too(strict: FlaskClient) -> None:
    register(strict)
    form = {"reset_token": reset_token(strict), "new_password": "password1"}
    page = strict.post("/reset_password/new", data=form)
    assert page.status_code == 400
    assert "This password is among those that leak most often; choose another." in page.text


@pytest.mark.parametrize("password", ACCEPTED)
def test_any_kind_of_characters_will_do(strict: FlaskClient, password: str) -> None:
    says(ask_for(strict, password), 200, email=ALICE, message="user created")
    assert try_login(strict, password=password).status_code == 200


def test_the_name_in_ones_own_address_is_refused(strict: FlaskClient) -> None:
    body = {"email": "marzipan-lover@example.com", "password": "Marzipan-Lover"}
    refuses(strict.post("/users", json=body), 400, "password_refused")


@pytest.mark.parametrize("password", ["a", "b4l0u", "password", ALICE])
def test_classic_takes_any_password(classic: FlaskClient, password: str) -> None:
    says(ask_for(classic, password), 200, email=ALICE, message="user created")
    assert try_login(classic, password=password).status_code == 200


def test_a_reset_obeys_the_policy_and_keeps_the_token(strict: FlaskClient) -> None:
    register(strict)
    token = reset_token(strict)
    for password in REFUSED:
        refuses(set_password(strict, token, password), 400, "password_refused")
    assert try_login(strict).status_code == 200
    assert set_password(strict, token).status_code == 200


def test_the_least_length_is_a_setting(build: Build) -> None:
    client = build(STRICT, password_min_length=15).test_client()
    refuses(ask_for(client, "marzipan at day"[:14]), 400, "password_refused")
    assert ask_for(client, "marzipan at day").status_code == 200


def test_a_password_never_grows_too_old(strict: FlaskClient, clock: MovableClock) -> None:
    register(strict)
    clock.advance(days=3650)
    assert try_login(strict).status_code == 200


def test_1024_characters_count_in_full(client: FlaskClient) -> None:
    longest = "marzipan" + "\U0001f36f" * (LONGEST - 8)
    register(client, password=longest)
    assert try_login(client, password=longest[:-1] + "\U0001f370").status_code == 401
    assert try_login(client, password=longest[:-1]).status_code == 401
    assert try_login(client, password=longest).status_code == 200


def test_1025_characters_are_400_wherever_a_password_is_read(client: FlaskClient) -> None:
    register(client)
    token, long = reset_token(client), "marzipan".ljust(LONGEST + 1, "x")
    body: dict[str, Any] = {"email": ALICE, "password": long}
    refuses(client.post("/users", json=body), 400, "password_too_long")
    refuses(client.post("/sessions", json=body), 400, "password_too_long")
    refuses(set_password(client, token, long), 400, "password_too_long")
    page = client.post("/reset_password/new", data={"reset_token": token, "new_password": long})
    assert page.status_code == 400
    assert "1024 characters" in page.text
    assert set_password(client, token).status_code == 200, "the token was not spent"
