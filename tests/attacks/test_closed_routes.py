"""A44: a route that needs somebody, or somebody in particular, is closed to everybody else."""

from __future__ import annotations

import re

import pytest

from tests.attacks.people import Person, browser, opens
from tests.attacks.routes import routes
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.server import Server

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
OPEN = {
    *("GET /", "GET /docs", "GET /openapi.json", "GET /healthz", "GET /readyz"),
    *("POST /users", "POST /sessions", "POST /reset_password", "POST /password_strength"),
}
# Where who forgot the password says so; with the classic profile only programs can.
ASKING = {"GET /reset_password", "POST /reset_password/form"}
# Where people register, log in and choose a language; who logs out without a session is out.
ENTRY = {
    *(
        "GET /register",
        "POST /register",
        "GET /login",
        "POST /login",
        "POST /language",
        "POST /logout",
        "GET /theme/logo",
        # What a passkey is to sign, which is for nobody in particular.
        "POST /sessions/passkey/challenge",
    )
}
# Guesses at what an administrator's pages are called.
PRIVATE = [
    "/admin",
    "/admin/",
    "/admin/users",
    "/users",
    "/users/1",
    "/metrics",
    "/audit",
    "/debug",
]
PRIVATE += ["/console", "/.env", "/.git/config", "/static/../app.py", "/static/%2e%2e/app.py"]
PRIVATE += ["/vestibule.db", "/mail", "/outbox", "/settings", "/users/", "//admin", "/sessions/1"]


@pytest.fixture(scope="module", params=[STRICT, CLASSIC])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_other_route_is_closed_to_nobody(target: Server, profile: str) -> None:
    """A44: with a body that is well formed, so that nothing else is the reason."""
    known = OPEN | (ASKING | ENTRY if profile == STRICT else set())
    closed = [route for route in routes(target) if route.label not in known]
    assert {route.path for route in closed} >= {"/profile", "/sessions"}
    with browser(target) as nobody:
        for route in closed:
            answer = route.ask(nobody)
            assert answer.status_code in (401, 403), route.label
            by_token = {"token", "reset_token", "ticket"} & {*route.example, *route.query}
            assert route.signed_in or by_token, f"{route.label} does not say what it needs"


def test_what_is_somebody_elses_is_not_there(
    target: Server, victim: Person, attacker: Person
) -> None:
    """A44: every path with a name of something in it, by the name of another's."""
    session = victim.log_in()
    shown = victim.browser.get("/sessions")
    attacker.log_in()
    named = [route for route in routes(target) if "{" in route.path]
    assert bool(named) == (shown.status_code == 200), "the classic profile has none"
    for route in named:
        path = re.sub(r"\{\w+\}", shown.json()["sessions"][0]["id"], route.path)
        answer = attacker.browser.request(route.method, path)
        assert answer.status_code in (403, 404), route.label
    assert opens(target, session)


def test_no_method_opens_more_than_is_described(target: Server, victim: Person) -> None:
    """A44: every path with every method, as nobody and as a user."""
    described = {(route.method, route.path) for route in routes(target)}
    paths = sorted({path for _, path in described})
    victim.log_in()
    for visitor in (browser(target), victim.browser):
        for path in paths:
            for method in METHODS:
                known = (method, path) in described or method in ("HEAD", "OPTIONS")
                if not known:
                    answer = visitor.request(method, path.replace("{", "").replace("}", ""))
                    assert answer.status_code in (403, 404, 405), (method, path)
    assert victim.browser.get("/profile").status_code == 200


def test_nothing_is_open_that_is_not_described(target: Server, victim: Person) -> None:
    """A44: where others keep what is for administrators."""
    victim.log_in()
    for visitor in (browser(target), victim.browser):
        for path in PRIVATE:
            for headers in ({}, {"X-Original-URL": path}, {"X-Rewrite-URL": path}):
                answer = visitor.get(path, headers=headers)
                assert answer.status_code in (401, 403, 404, 405), path
