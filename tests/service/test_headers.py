"""Headers of every answer: what its body is, by which way to come, and nothing of the inside."""

from __future__ import annotations

import re
import socket
from contextlib import suppress

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build, Serve
from tests.stage.profiles import STRICT
from tests.stage.visits import log_in, register, reset_token

PUBLIC = "https://auth.example.com"
PATHS = ["/", "/profile", "/docs", "/openapi.json", "/healthz", "/static/forms.js", "/nowhere"]
KINDS = {
    "application/json",
    "application/problem+json",
    "text/javascript; charset=utf-8",
    "text/html; charset=utf-8",
}
HTML = {"Accept": "text/html"}
TWO_LENGTHS = [
    "Content-Length: 4\r\nContent-Length: 60",
    "Content-Length: 4\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 4",
    "Content-Length: 4\r\nTransfer-Encoding: identity, chunked",
    "Content-Length: +4",
]


@pytest.mark.parametrize("accept", [{}, HTML], ids=["program", "browser"])
def test_every_body_says_what_it_is(client: FlaskClient, accept: dict[str, str]) -> None:
    register(client)
    log_in(client)
    answers = [client.get(path, headers=accept, buffered=True) for path in PATHS]
    answers += [client.get(f"/reset_password?token={reset_token(client)}"), client.post("/users")]
    for answer in answers:
        # JSON is UTF-8 and has no charset to tell (RFC 8259 section 11).
        assert answer.content_type in KINDS
        assert answer.text.startswith("<!doctype html>") == ("html" in answer.content_type)
        assert answer.is_json == ("json" in answer.content_type)
        assert answer.headers["Content-Length"] == str(len(answer.data))


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({}, "max-age=63072000; includeSubDomains"),
        ({"hsts": "host"}, "max-age=63072000"),
    ],
)
def test_browsers_come_by_https_for_two_years_subdomains_included(
    build: Build, setting: dict[str, str], told: str
) -> None:
    secure = build(STRICT, public_url=PUBLIC, **setting).test_client()
    for path in PATHS:
        answer = secure.get(path, headers={"Host": "auth.example.com"}, buffered=True)
        assert answer.headers["Strict-Transport-Security"] == told


def test_without_https_nobody_is_told_to_use_it(strict: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in strict.get("/").headers


@pytest.mark.parametrize("path", PATHS)
def test_no_page_shares_its_window_and_no_other_site_embeds_an_answer(
    client: FlaskClient, path: str
) -> None:
    headers = client.get(path, headers=HTML, buffered=True).headers
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_no_answer_tells_a_version_of_what_we_stand_on(server: Serve) -> None:
    ask = server().visitor()
    for path in PATHS:
        headers = ask.get(path).headers
        assert headers["Server"] == "granian"
        assert not re.search(r"(?i)python|flask|werkzeug|\d+\.\d+\.\d+", str(headers))


def test_a_request_of_two_lengths_is_one_refusal(server: Serve) -> None:
    host, port = server().url.removeprefix("http://").split(":")
    smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for lengths in TWO_LENGTHS:
        head = f"POST /users HTTP/1.1\r\nHost: {host}\r\n{lengths}\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=0.5) as connection:
            connection.sendall((head + smuggled).encode())
            found = _everything(connection)
        assert re.findall(rb"HTTP/1\.1 (\d)", found) in ([], [b"4"]), lengths
        assert b"route_unknown" not in found, lengths


def _everything(connection: socket.socket) -> bytes:
    found = b""
    with suppress(TimeoutError):
        while chunk := connection.recv(65536):
            found += chunk
    return found
