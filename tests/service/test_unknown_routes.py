"""Paths and methods that nobody serves: 404 and 405 as problems; HEAD and OPTIONS work."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.stage.answers import refuses
from tests.stage.profiles import STRICT
from tests.stage.visits import log_in, register

ALLOWED = {
    "/": {"GET", "HEAD", "OPTIONS"},
    "/users": {"POST", "OPTIONS"},
    "/profile": {"GET", "HEAD", "OPTIONS"},
    "/reset_password": {"GET", "HEAD", "POST", "PUT", "OPTIONS"},
    "/reset_password/new": {"POST", "OPTIONS"},
    "/docs": {"GET", "HEAD", "OPTIONS"},
    "/openapi.json": {"GET", "HEAD", "OPTIONS"},
    "/healthz": {"GET", "HEAD", "OPTIONS"},
    "/readyz": {"GET", "HEAD", "OPTIONS"},
}
UNKNOWN = [
    *("/nowhere", "/Users", "/users/1", "/sessions/1/2", "/profile/x", "/static", "/static/"),
    *("/static/../app.py", "/static/%2e%2e/app.py", "/static/nothing.css", "/.env"),
    *("/%00", "/%ff", "/\u2028", "/a" * 4000, "/users;x", "/docs/../profile/x"),
]
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"}


def test_an_unknown_path_is_a_404_problem(client: FlaskClient) -> None:
    for path in UNKNOWN:
        refuses(client.get(path), 404, "route_unknown")


@pytest.fixture
def allowed(profile: str) -> dict[str, set[str]]:
    """The methods of each path. The exercise lists no sessions and deletes no accounts."""
    strict = profile == STRICT
    sessions = {"POST", "DELETE", "OPTIONS"} | ({"GET", "HEAD"} if strict else set())
    profiles = {"GET", "HEAD", "OPTIONS"} | ({"DELETE"} if strict else set())
    return ALLOWED | {"/sessions": sessions, "/profile": profiles}


def test_an_unknown_method_is_a_405_problem_that_names_the_known(
    client: FlaskClient, allowed: dict[str, set[str]]
) -> None:
    for path, known in allowed.items():
        for method in METHODS - known - {"HEAD"}:
            response = client.open(path, method=method)
            refuses(response, 405, "method_not_allowed")
            assert set(response.headers["Allow"].split(", ")) == known


def test_options_names_the_methods(client: FlaskClient, allowed: dict[str, set[str]]) -> None:
    for path, known in allowed.items():
        response = client.options(path)
        assert response.status_code == 200
        assert set(response.headers["Allow"].split(", ")) == known


def test_head_is_get_without_the_body(client: FlaskClient) -> None:
    register(client)
    log_in(client)
    for path in (path for path, known in ALLOWED.items() if "GET" in known):
        head, get = client.head(path), client.get(path)
        assert head.data == b""
        assert (head.status_code, head.content_type) == (get.status_code, get.content_type)
        assert head.headers["Content-Length"] == str(len(get.data))


def test_the_method_of_a_form_cannot_be_overridden(client: FlaskClient) -> None:
    register(client)
    log_in(client)
    client.post("/sessions", headers={"X-HTTP-Method-Override": "DELETE"})
    assert client.get("/profile").status_code == 200
