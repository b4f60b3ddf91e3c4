"""Checks of a session, for pages and for proxies, as Flask answers them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build, Serve
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases, only_sqlite
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import file_of, rows
from tests.stage.visits import ALICE, PASSWORD, front_desk, log_in, register, visitor

CHECK = "/sessions/verify"
ODD = "jörg+tag%x@example.com"


@pytest.fixture
def app(build: Build) -> Flask:
    return build(STRICT)


@pytest.fixture
def alice(app: Flask) -> FlaskClient:
    """Alice, logged in."""
    register(client := app.test_client())
    log_in(client)
    return client


def id_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("session_id")
    assert cookie is not None
    return str(cookie.value)


@on_both_databases
def test_an_open_session_is_204_and_whose_it_is(alice: FlaskClient) -> None:
    answer = alice.get(CHECK)
    ((pseudonym,),) = rows(alice.application, "SELECT pseudonym FROM users")
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["X-Vestibule-User"] == pseudonym
    assert answer.headers["X-Vestibule-Email"] == ALICE


def test_a_bearer_is_as_good_as_the_cookie(app: Flask, alice: FlaskClient) -> None:
    for scheme in ("Bearer", "bearer"):
        asked = visitor(app).get(CHECK, headers={"Authorization": f"{scheme} {id_of(alice)}"})
        assert asked.status_code == 204
    # A bearer that is given is the one that counts.
    assert alice.get(CHECK, headers={"Authorization": "Bearer none"}).status_code == 401


@pytest.mark.parametrize("cookie", ["", "session_id=", "session_id=none", "other=1"])
def test_none_is_401_for_proxies_and_403_for_pages(app: Flask, cookie: str) -> None:
    client = app.test_client(use_cookies=False)
    refuses(client.get(CHECK, headers={"Cookie": cookie}), 401, "session_none")
    refuses(client.get("/profile", headers={"Cookie": cookie}), 403, "session_none")


def test_an_ended_session_is_refused_on_the_next_request_at_every_node(
    build: Build, alice: FlaskClient
) -> None:
    session, other_node = id_of(alice), build(STRICT)
    assert visitor(other_node, session).get(CHECK).status_code == 204
    alice.delete("/sessions")
    for path, status in ((CHECK, 401), ("/profile", 403)):
        assert visitor(other_node, session).get(path).status_code == status


def test_it_counts_as_use_and_ends_by_the_lifetimes(
    alice: FlaskClient, clock: MovableClock
) -> None:
    for _ in range(3):
        clock.advance(days=6)
        assert alice.get(CHECK).status_code == 204
        front_desk(alice.application).sessions.record_visits()
    clock.advance(days=8)
    assert alice.get(CHECK).status_code == 401


def test_an_address_beyond_ascii_is_percent_encoded(app: Flask) -> None:
    register(client := app.test_client(), ODD)
    log_in(client, ODD)
    answer = client.get(CHECK)
    assert answer.headers["X-Vestibule-Email"] == "j%C3%B6rg+tag%25x@example.com"
    assert client.get("/profile").get_json() == {"email": ODD}


def test_head_is_the_same_without_a_body(alice: FlaskClient) -> None:
    for path in ("/profile", CHECK):
        head = alice.head(path)
        assert (head.status_code, head.data) == (alice.get(path).status_code, b"")


@pytest.mark.parametrize("path", ["/profile", CHECK])
def test_a_name_that_is_not_ours_gets_no_yes(build: Build, path: str) -> None:
    app = build(STRICT, public_url="http://auth.example.com")
    ours, theirs = {"Host": "Auth.example.com"}, {"Host": "evil.example.com"}
    form = {"email": ALICE, "password": PASSWORD}
    client = app.test_client(use_cookies=False)
    client.post("/users", data=form, headers=ours)
    cookie = client.post("/sessions", data=form, headers=ours).headers["Set-Cookie"]
    carried = {"Cookie": cookie.partition(";")[0]}
    assert client.get(path, headers=ours | carried).status_code in (200, 204)
    refuses(client.get(path, headers=theirs | carried), 421, "host_unknown")


@only_sqlite("a file that is moved")
@pytest.mark.parametrize("path", ["/profile", CHECK])
def test_without_the_database_it_is_503_and_never_a_yes(alice: FlaskClient, path: str) -> None:
    file = file_of(alice.application)
    file.rename(file.with_name("elsewhere"))
    answer = alice.get(path)
    refuses(answer, 503, "storage_unavailable")
    assert answer.headers["Retry-After"] == "1"
    file.with_name("elsewhere").rename(file)
    assert alice.get(path).status_code in (200, 204)


def test_the_log_names_the_route(alice: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    answers = [alice.get(CHECK), visitor(alice.application).get(CHECK)]
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["route"], each["status"]) for each in lines] == [(CHECK, 204), (CHECK, 401)]
    assert [each["request_id"] for each in lines] == [
        answer.headers["X-Request-ID"] for answer in answers
    ]


def test_the_classic_profile_has_none(classic: FlaskClient) -> None:
    assert classic.get(CHECK).status_code == 404


@pytest.mark.parametrize("profile", [STRICT, CLASSIC])
def test_a_real_server_answers_both(server: Serve, tmp_path: Path, profile: str) -> None:
    client = server(profile=profile).visitor()
    form = {"email": ALICE, "password": PASSWORD}
    client.post("/users", data=form)
    client.post("/sessions", data=form)
    assert client.get("/profile").json() == {"email": ALICE}
    assert client.get(CHECK).status_code == (204 if profile == STRICT else 404)
