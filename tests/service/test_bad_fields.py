"""Fields that are missing, empty or not text are refused with the contract's status."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.answers import refuses, says
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    PASSWORD,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
)

MISSING = object()
CREDENTIALS = {"email": ALICE, "password": PASSWORD}
ROUTES = {
    "POST /users": (400, CREDENTIALS),
    "POST /sessions": (401, CREDENTIALS),
    "POST /reset_password": (403, {"email": ALICE}),
    "PUT /reset_password": (403, {"email": ALICE, "reset_token": "T", "new_password": "P"}),
}
FIELDS = [(route, field) for route, (_, body) in ROUTES.items() for field in body]
FALSY: list[Any] = [None, "", 0, False, [], {}]
WHITE_SPACE = [" ", "\t", "\u00a0", "   "]
NOT_TEXT = [None, "", 7, 0, 7.5, True, False, [], ["a"], {}, {"a": "b"}, 10**400, MISSING]


def send(client: FlaskClient, route: str, **body: Any) -> TestResponse:
    method, path = route.split()
    return client.open(path, method=method, json=body)


def without(route: str, field: str, value: object) -> dict[str, Any]:
    body: dict[str, Any] = ROUTES[route][1] | {field: value}
    return {name: each for name, each in body.items() if each is not MISSING}


@pytest.mark.parametrize(("route", "field"), FIELDS)
def test_json_that_is_not_text_is_refused(client: FlaskClient, route: str, field: str) -> None:
    for value in NOT_TEXT:
        refuses(
            send(client, route, **without(route, field, value)), ROUTES[route][0], "field_invalid"
        )


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize(("route", "field"), FIELDS)
def test_a_form_without_the_field_is_refused(
    client: FlaskClient, route: str, field: str, kind: str
) -> None:
    method, path = route.split()
    for value in ("", MISSING):
        body = without(route, field, value)
        response = client.open(path, method=method, data=body, content_type=kind)
        refuses(response, ROUTES[route][0], "field_invalid")


@pytest.mark.parametrize("route", ROUTES)
def test_no_body_at_all_is_like_no_field(client: FlaskClient, route: str) -> None:
    method, path = route.split()
    refuses(client.open(path, method=method), ROUTES[route][0], "field_invalid")


def test_the_field_is_named(client: FlaskClient) -> None:
    response = client.post("/users", json={"email": ALICE})
    assert response.get_json()["detail"] == "password is missing."


def test_a_file_is_not_a_field(client: FlaskClient) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="email"; filename="f"\r\n\r\na@example.com'
    kind = "multipart/form-data; boundary=b"
    refuses(
        client.post("/users", data=part + b"\r\n--b--\r\n", content_type=kind), 400, "field_invalid"
    )


def test_white_space_is_nobodys_address(client: FlaskClient) -> None:
    register(client)
    for value in WHITE_SPACE:
        assert send(client, "POST /sessions", email=value, password=PASSWORD).status_code == 401
        assert send(client, "POST /reset_password", email=value).status_code in (400, 403)


def test_white_space_is_nobodys_password(client: FlaskClient) -> None:
    register(client)
    for value in WHITE_SPACE:
        assert send(client, "POST /sessions", email=ALICE, password=value).status_code == 401


def test_a_body_in_the_query_is_not_read(client: FlaskClient) -> None:
    refuses(client.post("/users", query_string=CREDENTIALS), 400, "field_invalid")


def test_falsy_tokens_match_nobody(client: FlaskClient) -> None:
    register(client)  # Has no token: in the exercise's table, hers is NULL.
    for value in FALSY:
        body = {"email": ALICE, "reset_token": value, "new_password": NEW_PASSWORD}
        refuses(client.put("/reset_password", json=body), 403, "field_invalid")
    assert try_login(client).status_code == 200


def test_a_bad_new_password_spends_no_token(client: FlaskClient) -> None:
    register(client)
    token = reset_token(client)
    for value in FALSY:
        body = {"email": ALICE, "reset_token": token, "new_password": value}
        refuses(client.put("/reset_password", json=body), 403, "field_invalid")
    says(set_password(client, token), 200, email=ALICE, message="Password updated")


def test_a_refused_request_poisons_nothing(client: FlaskClient) -> None:
    register(client)
    for _ in range(3):
        send(client, "POST /users", **CREDENTIALS)
        send(client, "POST /users", email=None)
    log_in(client)
    says(client.get("/profile"), 200, email=ALICE)
