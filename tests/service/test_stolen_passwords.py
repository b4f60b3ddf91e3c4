"""New passwords are looked up in a list of stolen ones, and taken where the list fails."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.answers import says as answers
from tests.stage.breaches import Behave, Endpoint, knows, says, sha1
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
)
from vestibule.auth import breaches

STOLEN = "marzipan was stolen"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(knows(STOLEN)).serving() as endpoint:
        yield endpoint


@pytest.fixture
def app(build: Build, endpoint: Endpoint) -> Flask:
    """A service that asks the endpoint."""
    return build(STRICT, breached_passwords=endpoint.url)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def failures(app: Flask) -> list[str]:
    """What the audit trail says of passwords that were not looked up."""
    front_desk(app).audit.flush()
    sql = "SELECT outcome FROM audit_events WHERE act = 'password.breach_check' ORDER BY id"
    return [str(outcome) for (outcome,) in rows(app, sql)]


def refuses_stolen(response: Any) -> None:
    refuses(response, 400, "password_refused")
    body = response.get_json()
    assert body["rule"] == "breached"
    assert "stolen from another service" in body["detail"]


def test_a_stolen_password_is_refused_wherever_one_is_set(app: Flask, client: FlaskClient) -> None:
    refuses_stolen(client.post("/users", json={"email": ALICE, "password": STOLEN}))
    register(client)
    token = reset_token(client)
    refuses_stolen(set_password(client, token, STOLEN))
    assert set_password(client, token, NEW_PASSWORD).status_code == 200, "it was not spent"
    log_in(client, password=NEW_PASSWORD)
    body = {"current_password": NEW_PASSWORD, "new_password": STOLEN}
    refuses_stolen(client.put("/profile/password", json=body))
    assert try_login(client, password=NEW_PASSWORD).status_code == 200
    assert failures(app) == []


def test_a_password_that_nobody_stole_is_taken(client: FlaskClient, app: Flask) -> None:
    register(client)
    assert try_login(client).status_code == 200
    assert failures(app) == []


def test_the_endpoint_never_learns_the_password(client: FlaskClient, endpoint: Endpoint) -> None:
    register(client)
    ((path, headers),) = endpoint.asked
    assert path == f"/range/{sha1(PASSWORD)[:5]}"
    assert headers["Add-Padding"] == "true"
    assert headers["User-Agent"].startswith("Vestibule/")
    assert set(headers) == {"Accept-Encoding", "Host", "User-Agent", "Add-Padding", "Connection"}


def test_nobody_is_asked_at_login_or_about_what_the_policy_refuses(
    client: FlaskClient, endpoint: Endpoint
) -> None:
    register(client)
    endpoint.asked.clear()
    endpoint.behave = knows(PASSWORD)
    assert try_login(client).status_code == 200
    assert try_login(client, password=STOLEN).status_code == 401
    client.post("/users", json={"email": BOB, "password": "password1"})
    client.post("/password_strength", json={"password": STOLEN})
    assert endpoint.asked == []


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_either_end_of_line_will_do(client: FlaskClient, endpoint: Endpoint, ending: str) -> None:
    endpoint.behave = knows(STOLEN, ending=ending)
    refuses_stolen(client.post("/users", json={"email": ALICE, "password": STOLEN}))


def test_lower_case_and_a_slash_less_will_do(build: Build, endpoint: Endpoint) -> None:
    endpoint.behave = says(f"{sha1(STOLEN)[5:].lower()}:1\n")
    client = build(STRICT, breached_passwords=endpoint.url.rstrip("/")).test_client()
    refuses_stolen(client.post("/users", json={"email": ALICE, "password": STOLEN}))
    assert endpoint.asked[0][0] == f"/range/{sha1(STOLEN)[:5]}"


def test_padding_is_not_taken_for_a_stolen_password(
    app: Flask, client: FlaskClient, endpoint: Endpoint
) -> None:
    endpoint.behave = knows(PASSWORD, count=0)
    register(client)
    assert failures(app) == []


def cut_off(request: BaseHTTPRequestHandler) -> None:
    says(f"{sha1(STOLEN)[5:]}:1\n", Content_Length="9999")(request)
    request.connection.close()


def nonsense(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"marzipan\r\n\r\n")


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(200):
        request.wfile.write(f"{sha1(PASSWORD)[5:]}:1\r\n".encode() * 1000)


BAD: list[tuple[Behave, str]] = [
    (says("no", 500), "unreachable"),
    (says("slower", 429), "unreachable"),
    (says("no", 404), "unreachable"),
    (says("", 302, Location="https://example.com/range/"), "unreachable"),
    (says(""), "malformed"),
    (says("<!doctype html><title>Log in to this network</title>"), "malformed"),
    (says(f"{sha1(PASSWORD)[5:]}:1\nand more"), "malformed"),
    (says(f"{sha1(PASSWORD)[5:]}:-1"), "malformed"),
    (says(b"\xff\xfe"), "malformed"),
    (cut_off, "malformed"),
    (nonsense, "malformed"),
    (hang_up, "unreachable"),
    (endless, "malformed"),
]


@pytest.mark.parametrize(("behave", "outcome"), BAD)
def test_where_the_list_fails_the_password_is_taken_and_the_trail_says_so(
    app: Flask, client: FlaskClient, endpoint: Endpoint, behave: Behave, outcome: str
) -> None:
    endpoint.behave = behave
    answers(
        client.post("/users", json={"email": ALICE, "password": PASSWORD}),
        200,
        email=ALICE,
        message="user created",
    )
    assert len(endpoint.asked) == 1
    assert failures(app) == [outcome]


def test_where_nobody_listens_the_password_is_taken(build: Build) -> None:
    app = build(STRICT, breached_passwords="http://127.0.0.1:9/range/")
    register(app.test_client())
    assert failures(app) == ["unreachable"]


@pytest.mark.parametrize("begun", [False, True])
def test_a_list_that_hangs_is_not_waited_for(
    app: Flask,
    client: FlaskClient,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    begun: bool,
) -> None:
    done = Event()

    def hang(request: BaseHTTPRequestHandler) -> None:
        while begun and not done.wait(0.05):
            # A byte at a time: no timeout between two of them ever strikes.
            request.wfile.write(b"x")
        done.wait(20)

    endpoint.behave = hang
    monkeypatch.setattr(breaches, "SECONDS", 0.3)
    began = time.monotonic()
    register(client)
    assert time.monotonic() - began < 5
    done.set()
    assert failures(app) in (["late"], ["unreachable"])


def test_no_transaction_is_open_while_it_is_asked(
    app: Flask, client: FlaskClient, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(client, BOB)

    def write(request: BaseHTTPRequestHandler) -> None:
        rows(app, "UPDATE users SET created_at = 1")
        knows()(request)

    endpoint.behave = write
    # Would a writer wait for us, we would not get the answer.
    monkeypatch.setattr(breaches, "SECONDS", 8)
    register(client)
    token = reset_token(client)
    assert set_password(client, token).status_code == 200
    log_in(client, password=NEW_PASSWORD)
    body = {"current_password": NEW_PASSWORD, "new_password": PASSWORD}
    assert client.put("/profile/password", json=body).status_code == 200
    assert failures(app) == []
    assert len(endpoint.asked) == 4


def test_a_list_that_failed_is_asked_again_when_it_has_rested(
    app: Flask, client: FlaskClient, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaches, "REST_SECONDS", 0)
    endpoint.behave = says("no", 500)
    register(client)
    endpoint.behave = knows(STOLEN)
    refuses_stolen(client.post("/users", json={"email": BOB, "password": STOLEN}))
    assert failures(app) == ["unreachable"]


def test_a_list_that_failed_rests(app: Flask, client: FlaskClient, endpoint: Endpoint) -> None:
    endpoint.behave = says("no", 500)
    register(client)
    endpoint.behave = knows(STOLEN)
    register(client, BOB, STOLEN)
    assert (len(endpoint.asked), failures(app)) == (1, ["unreachable", "resting"])


def test_the_log_names_the_failure_and_no_password(
    client: FlaskClient, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.behave = says("no", 500)
    capsys.readouterr()
    register(client)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = [each for each in lines if each["event"] == "passwords.breach_check_failed"]
    assert (line["level"], line["outcome"]) == ("warning", "unreachable")
    assert line["request_id"]


def test_classic_asks_nobody(build: Build, endpoint: Endpoint) -> None:
    register(build(CLASSIC, breached_passwords=endpoint.url).test_client(), password=STOLEN)
    assert endpoint.asked == []


def test_a_file_is_searched_instead(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "stolen.txt"
    path.write_text("".join(f"{each}:3\n" for each in sorted(map(sha1, (STOLEN, "other")))))
    app = build(STRICT, breached_passwords=str(path))
    client = app.test_client()
    refuses_stolen(client.post("/users", json={"email": ALICE, "password": STOLEN}))
    register(client)
    path.write_text("marzipan")
    register(client, BOB, STOLEN)
    assert failures(app) == ["malformed"]


def test_a_file_that_is_taken_away_stops_nobody(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "stolen.txt"
    path.write_text(f"{sha1(STOLEN)}:3\n")
    app = build(STRICT, breached_passwords=str(path))
    path.unlink()
    register(app.test_client(), password=STOLEN)
    assert failures(app) == ["unreachable"]
