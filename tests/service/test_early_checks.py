"""A plain yes to a check of a session comes before Flask, which says everything else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.conftest import Build, Serve
from tests.stage.databases import on_both_databases, only_sqlite
from tests.stage.profiles import STRICT
from tests.stage.raw import file_of
from tests.stage.rsgi import Protocol, Scope
from tests.stage.visits import ALICE, PASSWORD, front_desk, log_in, register, visitor
from vestibule.auth.sessions import Sessions
from vestibule.config import Settings
from vestibule.early import Early
from vestibule.lanes import Answer, Lanes
from vestibule.web.checks import CHECKS

Ask = Callable[..., Answer | None]
PATHS = sorted(CHECKS)


@pytest.fixture
def app(build: Build) -> Flask:
    return build(STRICT)


@pytest.fixture
def session(app: Flask) -> str:
    """The id of Alice's open session."""
    register(client := app.test_client())
    return log_in(client)


@pytest.fixture
def early(app: Flask) -> Ask:
    return asking(app)


def early_of(app: Flask, **settings: Any) -> Early:
    """What says yes early, beside ``app``."""
    return Early(Settings(**settings), front_desk(app))


def asking(app: Flask, **settings: Any) -> Ask:
    """A way to ask it."""
    answer = early_of(app, **settings)
    return lambda path, method="GET", **headers: answer(Scope(method, path, **headers))


def test_the_paths_are_these() -> None:
    assert PATHS == ["/profile", "/sessions/verify"]


@on_both_databases
@pytest.mark.parametrize("path", PATHS)
def test_it_is_the_answer_that_flask_would_give(
    app: Flask, early: Ask, session: str, path: str
) -> None:
    answer, flasks = early(path, cookie=f"session_id={session}"), visitor(app, session).get(path)
    assert answer
    assert (answer.status, answer.body) == (flasks.status_code, flasks.data)
    ours, theirs = dict(answer.headers), {name.lower(): value for name, value in flasks.headers}
    assert len(ours.pop("x-request-id")) == len(theirs.pop("x-request-id"))
    assert ours == theirs


@pytest.mark.parametrize("path", PATHS)
def test_a_bearer_is_as_good_and_counts_before_the_cookie(
    early: Ask, session: str, path: str
) -> None:
    assert early(path, authorization=f"bearer {session}")
    assert not early(path, authorization="Bearer none", cookie=f"session_id={session}")


@pytest.mark.parametrize("path", PATHS)
def test_everything_but_a_plain_yes_is_left_to_flask(early: Ask, session: str, path: str) -> None:
    cookie = f"session_id={session}"
    assert early(path, cookie=cookie)
    assert not early(path)
    assert not early(path, cookie="session_id=none")
    assert not early(f"{path}/", cookie=cookie)
    assert not early("/", cookie=cookie)
    for method in ("HEAD", "OPTIONS", "POST"):
        assert not early(path, method, cookie=cookie)


def test_a_header_that_is_there_twice_is_left_to_flask(early: Ask, session: str) -> None:
    cookie, bearer = f"session_id={session}", f"Bearer {session}"
    assert early("/profile", cookie=cookie, accept="*/*")
    assert not early("/profile", authorization=f"{bearer}\nBearer none")
    assert not early("/profile", cookie=cookie, host="auth.example.com\nevil.example.com")


def test_an_ended_session_is_no_yes_on_the_next_request_at_every_node(
    build: Build, app: Flask, session: str
) -> None:
    other_node = asking(build(STRICT))
    assert other_node("/profile", cookie=f"session_id={session}")
    visitor(app, session).delete("/sessions")
    assert not other_node("/profile", cookie=f"session_id={session}")


def test_a_name_that_is_not_ours_gets_no_yes(app: Flask, session: str) -> None:
    cookie, early = f"session_id={session}", asking(app, public_url="http://auth.example.com")
    assert early("/profile", cookie=cookie, host="Auth.example.com")
    assert not early("/profile", cookie=cookie, host="evil.example.com")
    assert not early("/profile", cookie=cookie)


def test_under_https_only_the_cookie_that_cannot_be_planted_counts(
    app: Flask, session: str
) -> None:
    early = asking(app, public_url="https://auth.example.com")
    host = "auth.example.com"
    answer = early("/profile", host=host, cookie=f"__Host-session_id={session}")
    assert answer
    assert "strict-transport-security" in dict(answer.headers)
    assert not early("/profile", host=host, cookie=f"session_id={session}")


@only_sqlite("a file that is moved")
@pytest.mark.parametrize("path", PATHS)
def test_without_the_database_it_is_503_and_asked_once(
    app: Flask, session: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = early_of(app)

    def again(*_: object) -> None:
        pytest.fail("the storage was asked once more")

    # By name, as Flask's view would; the early way has it already.
    monkeypatch.setattr(Sessions, "find", again)
    file = file_of(app)
    file.rename(file.with_name("elsewhere"))
    protocol = Protocol()
    scope = Scope("GET", path, cookie=f"session_id={session}")
    asyncio.run(Lanes(app, early=early).__rsgi__(scope, protocol))
    assert protocol.answer
    assert protocol.answer.status == 503
    assert json.loads(protocol.answer.body)["code"] == "storage_unavailable"
    assert dict(protocol.answer.headers)["retry-after"] == "1"


def test_the_log_has_its_line(early: Ask, session: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    answer = early("/sessions/verify", cookie=f"session_id={session}")
    assert answer
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["method"], line["route"], line["status"]) == ("GET", "/sessions/verify", 204)
    assert line["request_id"] == dict(answer.headers)["x-request-id"]
    assert line["event"] == "request"


def test_a_real_server_says_the_same_either_way(server: Serve) -> None:
    client = server().visitor()
    form = {"email": ALICE, "password": PASSWORD}
    client.post("/users", data=form)
    client.post("/sessions", data=form)
    for path in PATHS:
        # With a slash at its end the same route is left to Flask.
        early, late = client.get(path), client.get(f"{path}/")
        assert (early.status_code, early.content) == (late.status_code, late.content)
        ours, flasks = dict(early.headers), dict(late.headers)
        for each in (ours, flasks):
            assert each.pop("x-request-id")
            each.pop("date")
        assert ours == flasks


@pytest.mark.parametrize("path", ["/profile", "/profile/", "/healthz"])
def test_who_asks_for_another_protocol_is_answered_in_this_one(
    app: Flask, session: str, path: str
) -> None:
    protocol = Protocol()
    asked = {"connection": "Upgrade", "upgrade": "websocket"}
    scope = Scope("GET", path, cookie=f"session_id={session}", **asked)
    asyncio.run(Lanes(app, early=early_of(app)).__rsgi__(scope, protocol))
    assert protocol.answer
    assert protocol.answer.status == 200
