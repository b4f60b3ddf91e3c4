"""Every route of the contract answers what the contract says, to the letter, in both profiles."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.stage.answers import LINK_SENT, refuses, says
from tests.stage.profiles import STRICT
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)


def test_the_front_door_says_welcome(client: FlaskClient) -> None:
    says(client.get("/"), 200, message="Bienvenue")


def test_an_account_is_made(client: FlaskClient) -> None:
    says(register(client), 200, email=ALICE, message="user created")


def test_an_address_has_one_account(client: FlaskClient) -> None:
    register(client)
    again = client.post("/users", data={"email": ALICE, "password": NEW_PASSWORD})
    says(again, 400, message="email already registered")
    assert try_login(client, password=NEW_PASSWORD).status_code == 401


def test_a_login_gives_a_session(client: FlaskClient) -> None:
    register(client)
    says(try_login(client), 200, email=ALICE, message="logged in")
    says(client.get("/profile"), 200, email=ALICE)


@pytest.mark.parametrize(("email", "password"), [(ALICE, WRONG), (BOB, PASSWORD)])
def test_a_wrong_login_gives_nothing(client: FlaskClient, email: str, password: str) -> None:
    register(client)
    response = try_login(client, email, password)
    refuses(response, 401, "credentials_wrong")
    assert "Set-Cookie" not in response.headers
    assert client.get_cookie("session_id") is None


def test_wrong_and_unknown_are_told_the_same(client: FlaskClient) -> None:
    register(client)
    wrong, unknown = try_login(client, ALICE, WRONG), try_login(client, BOB, WRONG)
    assert wrong.data == unknown.data
    assert list(wrong.headers.keys()) == list(unknown.headers.keys())


def test_a_log_out_leads_home(client: FlaskClient) -> None:
    register(client)
    session_id = log_in(client)
    response = client.delete("/sessions")
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert visitor(client.application, session_id).get("/profile").status_code == 403


@pytest.mark.parametrize("method", ["DELETE /sessions", "GET /profile"])
@pytest.mark.parametrize("held", [None, "", "unknown", " ", "None", "null", "0"])
def test_without_a_session_is_403(client: FlaskClient, method: str, held: str | None) -> None:
    register(client)
    log_in(client)
    verb, path = method.split()
    stranger = visitor(client.application, held)
    refuses(stranger.open(path, method=verb), 403, "session_none")
    assert client.get("/profile").status_code == 200


def test_a_forgotten_password_is_asked_for(client: FlaskClient, profile: str) -> None:
    register(client)
    response = client.post("/reset_password", data={"email": ALICE})
    if profile == STRICT:
        says(response, 200, email=ALICE, message=LINK_SENT)
    else:
        says(response, 200, email=ALICE, reset_token=response.get_json()["reset_token"])


def test_nobodys_password_cannot_be_forgotten(client: FlaskClient, profile: str) -> None:
    response = client.post("/reset_password", data={"email": BOB})
    if profile == STRICT:
        says(response, 200, email=BOB, message=LINK_SENT)
    else:
        refuses(response, 403, "email_unknown")


def test_a_token_sets_the_password(client: FlaskClient) -> None:
    register(client)
    says(set_password(client, reset_token(client)), 200, email=ALICE, message="Password updated")
    assert try_login(client).status_code == 401
    assert try_login(client, password=NEW_PASSWORD).status_code == 200


def test_the_answer_repeats_the_address_that_was_sent(client: FlaskClient) -> None:
    register(client)
    response = set_password(client, reset_token(client), email=BOB)
    says(response, 200, email=BOB, message="Password updated")


@pytest.mark.parametrize("token", ["unknown", " ", "None", "null", "0", "00000000-0000"])
def test_a_wrong_token_is_403_and_changes_nobody(client: FlaskClient, token: str) -> None:
    register(client)
    reset_token(client)
    refuses(set_password(client, token), 403, "token_invalid")
    assert try_login(client).status_code == 200


def test_a_used_token_is_403(client: FlaskClient) -> None:
    register(client)
    token = reset_token(client)
    set_password(client, token)
    refuses(set_password(client, token, WRONG), 403, "token_invalid")
    assert try_login(client, password=NEW_PASSWORD).status_code == 200


@pytest.mark.parametrize("form", ["data", "json"])
def test_forms_and_json_are_read_alike(client: FlaskClient, form: str) -> None:
    body: dict[str, Any] = {form: {"email": ALICE, "password": PASSWORD}}
    says(client.post("/users", **body), 200, email=ALICE, message="user created")
    says(client.post("/sessions", **body), 200, email=ALICE, message="logged in")


def test_multipart_is_read_too(client: FlaskClient) -> None:
    body: dict[str, Any] = {
        "data": {"email": ALICE, "password": PASSWORD},
        "content_type": "multipart/form-data",
    }
    says(client.post("/users", **body), 200, email=ALICE, message="user created")


def test_a_slash_at_the_end_makes_no_difference(client: FlaskClient) -> None:
    body = {"email": ALICE, "password": PASSWORD}
    says(client.post("/users/", data=body), 200, email=ALICE, message="user created")
    says(client.post("/sessions/", data=body), 200, email=ALICE, message="logged in")
    says(client.get("/profile/"), 200, email=ALICE)
    assert client.post("/reset_password/", data={"email": ALICE}).status_code == 200
    assert client.put("/reset_password/", data={"email": ALICE}).status_code == 403
    assert client.delete("/sessions/").status_code == 302


@pytest.mark.parametrize("field", ["id", "is_admin", "email_verified", "session_id", "created_at"])
def test_fields_that_nobody_asked_for_are_ignored(client: FlaskClient, field: str) -> None:
    body = {"email": ALICE, "password": PASSWORD, field: "7"}
    says(client.post("/users", json=body), 200, email=ALICE, message="user created")
    says(client.post("/sessions", json=body), 200, email=ALICE, message="logged in")
    says(client.get("/profile"), 200, email=ALICE)
