"""Logs: one JSON object a line, an id for each request, and only names that cannot be secrets."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build, Serve
from tests.stage import secrecy
from tests.stage.answers import refuses
from tests.stage.profiles import STRICT
from tests.stage.visits import ALICE, PASSWORD, log_in, register, reset_token, set_password

ID = re.compile(r"[0-9a-f]{16}")
NAMES = {"time", "level", "event", "request_id", "method", "route", "status", "milliseconds",
         "logger", "at", "exception", "message_id", "template", "pid",
         "act", "outcome", "user", "session", "origin", "number", "digest"}  # fmt: skip


class Log:
    """What was logged since the test began."""

    def __init__(self) -> None:
        self.since = len(secrecy.EAR.heard)

    def lines(self) -> list[dict[str, Any]]:
        """Every line, which is JSON."""
        text = "".join(secrecy.EAR.heard[self.since :])
        return [json.loads(line) for line in text.splitlines()]

    def last(self) -> dict[str, Any]:
        """The newest line."""
        return self.lines()[-1]


@pytest.fixture
def log() -> Log:
    """The log of this test."""
    return Log()


def fail_with(app: Flask, path: str, error: Exception) -> None:
    def view() -> str:
        raise error

    app.add_url_rule(path, "failing", view)


def test_a_request_is_one_line_with_its_id(client: FlaskClient, log: Log) -> None:
    response = client.get("/profile")
    line = log.last()
    assert ID.fullmatch(response.headers["X-Request-ID"])
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert line.items() >= {"event": "request", "method": "GET", "route": "/profile"}.items()
    assert line["status"] == 403
    assert 0 <= line["milliseconds"] < 60_000
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)", line["time"])


def test_every_answer_has_an_id_of_its_own(client: FlaskClient) -> None:
    paths = ["/", "/profile", "/nowhere", "/docs", "/healthz", "/static/nothing"]
    ids = [client.get(path).headers["X-Request-ID"] for path in paths * 3]
    ids += [client.post("/users", data="x", content_type="a/b").headers["X-Request-ID"]]
    assert len(set(ids)) == len(ids)


def test_an_id_that_the_client_chose_is_not_used(client: FlaskClient, log: Log) -> None:
    response = client.get("/", headers={"X-Request-ID": "chosen-by-client"})
    assert response.headers["X-Request-ID"] != "chosen-by-client"
    assert "chosen" not in json.dumps(log.lines())


def test_the_route_is_logged_and_never_the_path(client: FlaskClient, log: Log) -> None:
    client.get("/reset_password?token=in-the-query")
    assert log.last()["route"] == "/reset_password"
    client.get("/someone@example.com/in-the-path")
    assert log.last()["route"] == "unknown"
    client.open("/", method="BREW-IN-THE-METHOD")
    client.get("/static/in-the-file-name")
    text = json.dumps(log.lines())
    assert not re.search("in-the|someone|brew", text, re.IGNORECASE)


def test_no_line_has_a_name_that_is_not_allowed(client: FlaskClient, log: Log) -> None:
    register(client)
    log_in(client)
    set_password(client, reset_token(client))
    client.delete("/sessions")
    lines = log.lines()
    assert len(lines) >= 5
    assert {name for line in lines for name in line} <= NAMES
    assert ALICE not in json.dumps(lines)


def test_an_exception_is_told_without_its_text(app: Flask, log: Log) -> None:
    fail_with(app, "/fail", RuntimeError(f"the password was {PASSWORD}"))
    response = app.test_client().get("/fail")
    refuses(response, 500, "internal_error")
    (line,) = (each for each in log.lines() if "exception" in each)
    assert line["level"] == "error"
    assert line["exception"] == "RuntimeError"
    assert line["at"][-1].startswith("test_logs.py:")
    assert line["request_id"] == response.headers["X-Request-ID"]
    assert PASSWORD not in response.text + json.dumps(log.lines())


def test_a_library_is_heard_but_not_quoted(client: FlaskClient, log: Log) -> None:
    client.get("/")
    for name in ("werkzeug", "sqlalchemy.engine", "urllib3", "vestibule_lookalike"):
        logging.getLogger(name).error("GET /reset_password?token=%s", PASSWORD)
        line = log.last()
        assert (line["event"], line["logger"]) == ("library.spoke", name)
    assert PASSWORD not in json.dumps(log.lines())


def test_a_name_that_is_not_allowed_is_left_out(client: FlaskClient, log: Log) -> None:
    logging.getLogger("vestibule.test").error("spoke", extra={"password": PASSWORD, "status": 7})
    line = log.last()
    assert (line["event"], line["status"]) == ("spoke", 7)
    assert "password" not in line


def test_the_level_is_a_setting(build: Build, log: Log) -> None:
    build(STRICT, log_level="warning").test_client().get("/")
    assert log.lines() == []


def test_every_line_of_a_real_server_is_json(server: Serve) -> None:
    running = server(workers=2)
    ask = running.visitor()
    ids = [
        ask.get(path).headers["X-Request-ID"] for path in ("/profile", "/nowhere?token=x", "/docs")
    ]
    ask.post("/users", data={"email": ALICE, "password": PASSWORD})
    assert running.stop() == 0
    lines = [json.loads(line) for line in running.errors.read_text().splitlines()]
    assert all({"time", "level", "event"} <= line.keys() <= NAMES for line in lines)
    requests = {line["request_id"]: line for line in lines if line["event"] == "request"}
    assert [requests[each]["route"] for each in ids] == ["/profile", "unknown", "/docs"]
    assert ALICE not in running.errors.read_text()
