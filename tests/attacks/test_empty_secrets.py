"""A01: secrets that are no secrets match nobody, least of all the rows where there is none.

The bug has a name among implementations of the exercise: ``WHERE reset_token IS NULL`` finds the
first user who asked for none.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.attacks.people import Person, browser, opens
from tests.attacks.routes import FORM, JSON, Route, routes
from tests.stage.pages import FORM as OWN_FORM
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.server import Server

MISSING: Any = object()
EMPTY = [MISSING, None, "", " ", "\t", "\0", "null", "None", "undefined", "0", 0, False, [], [""]]
EMPTY += [{}, {"$ne": None}, "%", "_", "*", "' OR '1'='1", "00000000-0000-0000-0000-000000000000"]
COOKIES = [None, "", " ", '""', '" "', "null", "None", "undefined", "0", "%", "%00", "' OR '1'='1"]
COOKIES += ["00000000-0000-0000-0000-000000000000"]


@pytest.fixture(scope="module", params=[STRICT, CLASSIC])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def without(route: Route, field: str, value: Any) -> dict[str, Any]:
    rest = {name: text for name, text in route.example.items() if name != field}
    return rest if value is MISSING else rest | {field: value}


def taking_a_token(server: Server) -> list[tuple[Route, str]]:
    """Every route that takes a token in its body, and the field's name."""
    return [
        (route, field)
        for route in routes(server)
        for field in route.example
        if "token" in field or field in ("code", "ticket")
    ]


def test_an_empty_token_changes_nobody(target: Server, victim: Person) -> None:
    """A01: JSON and forms, at every route that takes a token."""
    session = victim.log_in()
    found = taking_a_token(target)
    assert {route.path for route, _ in found} >= {"/reset_password", "/reset_password/new"}
    with browser(target) as ask:
        for route, field in found:
            for kind in {FORM, JSON} & set(route.kinds):
                for value in EMPTY:
                    fields = without(route, field, value) | {"email": victim.email}
                    answer = route.ask(ask, fields, kind=kind)
                    assert 400 <= answer.status_code < 500, (route.label, kind, value)
                    assert "session_id" not in answer.cookies
    assert opens(target, session)
    assert victim.try_login().status_code == 200


def test_an_empty_token_in_a_link_shows_no_form(
    target: Server, victim: Person, profile: str
) -> None:
    """A01: the page behind the mail's link."""
    linked = [route for route in routes(target) if "token" in route.query]
    assert linked
    with browser(target) as ask:
        for route in linked:
            for value in [None, "", " ", "null", "%00", "0"]:
                answer = ask.get(route.path, params={"token": value})
                if (value, route.path, profile) == (None, "/reset_password", STRICT):
                    # Without any token it asks who forgot the password, and for nothing else.
                    assert "email" in re.findall(r'<input[^>]* name="(\w+)"', answer.text)
                    assert 'type="password"' not in answer.text
                    continue
                assert answer.status_code == 403, (route.label, value)
                assert re.findall(OWN_FORM, answer.text) == []


def test_an_empty_session_is_nobodys(target: Server, victim: Person) -> None:
    """A01: cookie and bearer, at every route that needs a session."""
    session = victim.log_in()
    closed = [route for route in routes(target) if route.signed_in]
    assert {route.path for route in closed} >= {"/profile", "/sessions"}
    for route in closed:
        for value in COOKIES:
            headers = {} if value is None else {"Cookie": f"session_id={value}"}
            bearer = {} if value is None else {"Authorization": f"Bearer {value}"}
            with browser(target) as ask:
                answers = [route.ask(ask, headers=given) for given in (headers, bearer)]
            # A proxy that asks for somebody else is told 401, and a person gets the form to log in.
            asks = route.path == "/sessions/verify" or route.path.startswith("/account")
            refused = 401 if asks else 403
            assert [a.status_code for a in answers] == [refused] * 2, (route.label, value)
    assert opens(target, session)
