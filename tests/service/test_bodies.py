"""Bodies of another kind, too large, malformed or not text never get further than the door."""

from __future__ import annotations

import json

import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Serve
from tests.stage.answers import refuses
from tests.stage.visits import ALICE, PASSWORD, register

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
ROUTES = ["POST /users", "POST /sessions", "POST /reset_password", "PUT /reset_password"]
LIMIT = 64 * 1024
ALICES = json.dumps({"email": ALICE, "password": PASSWORD})
FULL = '{"email":"a@example.com","password":"P","reset_token":"T","new_password":"N"'
OTHER_KINDS = ["text/plain", "application/xml", "application/octet-stream", "image/png", "json", ""]
MALFORMED = [
    *(b"", b"{", b"[]", b'"x"', b"7", b"null", b"{'email': 1}", b"{} {}", b'{"email":"a",}'),
    *(b"\xff\xfe{}", b'{"email":"\xff"}', b'{"email":"\\ud800","password":"\\udfff"}'),
    b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    b'{"x":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"x":' + b"9" * 60_000 + b"}",
]
every_route = pytest.mark.parametrize("route", ROUTES)


def send(client: FlaskClient, route: str, body: bytes | str, kind: str) -> TestResponse:
    method, path = route.split()
    return client.open(path, method=method, data=body, content_type=kind)


@every_route
def test_other_kinds_of_bodies_are_415(client: FlaskClient, route: str) -> None:
    for kind in OTHER_KINDS:
        refuses(send(client, route, ALICES, kind), 415, "media_type_unsupported")


@pytest.mark.parametrize("kind", [f"{JSON}; charset=utf-8", "Application/JSON", f" {JSON} "])
def test_the_kind_is_read_as_the_standard_says(client: FlaskClient, kind: str) -> None:
    assert send(client, "POST /users", ALICES, kind).status_code == 200


@every_route
def test_malformed_json_is_400(client: FlaskClient, route: str) -> None:
    for body in MALFORMED:
        refuses(send(client, route, body, JSON), 400, "body_malformed")


@every_route
def test_numbers_that_json_does_not_have_are_400(strict: FlaskClient, route: str) -> None:
    for number in ("NaN", "Infinity", "-Infinity"):
        refuses(send(strict, route, f'{FULL},"x":{number}}}', JSON), 400, "body_malformed")


@every_route
def test_more_than_64_kib_is_413(client: FlaskClient, route: str) -> None:
    for kind in (FORM, JSON, "multipart/form-data; boundary=b"):
        refuses(send(client, route, b"a" * (LIMIT + 1), kind), 413, "body_too_large")


def test_64_kib_are_read(client: FlaskClient) -> None:
    assert send(client, "POST /users", ALICES.ljust(LIMIT), JSON).status_code == 200


def test_a_thousand_parts_are_refused(client: FlaskClient) -> None:
    form = {f"field-{number}": "x" for number in range(500)}
    response = client.post("/users", data=form, content_type="multipart/form-data")
    assert response.status_code == 413


def multipart(password: bytes) -> bytes:
    parts = {b"email": ALICE.encode(), b"password": password}
    return (
        b"".join(
            b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % part
            for part in parts.items()
        )
        + b"--b--\r\n"
    )


def test_multipart_that_is_not_utf8_is_400(client: FlaskClient) -> None:
    # Decoded leniently, every such password would be the same one.
    kind = "multipart/form-data; boundary=b"
    response = client.post("/users", data=multipart(b"marzipan \xff"), content_type=kind)
    refuses(response, 400, "body_malformed")


@every_route
def test_a_part_without_a_name_is_no_field(client: FlaskClient, route: str) -> None:
    part = b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"
    response = send(client, route, part, "multipart/form-data; boundary=b")
    assert 400 <= response.status_code < 500


def test_a_form_that_is_not_utf8_opens_no_other_account(client: FlaskClient) -> None:
    form = b"email=alice%%40example.com&password=marzipan+%s"
    client.post("/users", data=form % b"%ff", content_type=FORM)
    for twin in (b"%fe", b"\xff", b"%EF%BF%BD"):
        response = client.post("/sessions", data=form % twin, content_type=FORM)
        assert response.status_code in (400, 401)


def test_a_zero_character_ends_no_password(client: FlaskClient) -> None:
    register(client, password="marzipan\0one")
    twin = {"email": ALICE, "password": "marzipan\0two"}
    assert client.post("/sessions", json=twin).status_code == 401
    assert client.post("/sessions", json=twin | {"password": "marzipan"}).status_code == 401
    assert client.post("/sessions", json=twin | {"password": "marzipan\0one"}).status_code == 200


@pytest.mark.parametrize("character", ["\0", "\n", "\r", "\x1b", "\x7f", "\x85"])
def test_an_address_has_no_control_characters(client: FlaskClient, character: str) -> None:
    body = {"email": f"a{character}b@example.com", "password": PASSWORD}
    refuses(client.post("/users", json=body), 400, "email_invalid")


def test_a_real_server_refuses_a_body_over_the_limit(server: Serve) -> None:
    ask = server().visitor()
    refusal = ask.post("/users", data=b" " * (LIMIT + 1), headers={"Content-Type": JSON})
    assert (refusal.status_code, refusal.json()["code"]) == (413, "body_too_large")
    assert ask.get("/healthz").status_code == 200


def test_a_real_server_refuses_ten_megabytes_and_goes_on(server: Serve) -> None:
    ask = server().visitor()
    for path in ("/users", "/sessions", "/", "/reset_password/new"):
        try:
            response = ask.post(path, data=b"a" * 10_000_000, headers={"Content-Type": FORM})
        except requests.ConnectionError:
            continue  # Hanging up on somebody who will not stop talking is an answer.
        assert response.status_code in (405, 413)
    assert ask.get("/healthz").status_code == 200
