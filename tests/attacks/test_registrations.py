"""A11, A14: one account for one address, and of it only what may be said at registration."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import requests

from tests.attacks.people import PASSWORD, Person, browser, opens
from tests.attacks.routes import FORM, JSON, routes
from tests.attacks.storage import stored
from tests.stage.crowd import at_once
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.server import Server

PLANTED = "planted0by0the0attacker"
GRANTS = ["is_admin", "admin", "email_verified", "verified", "is_active", "is_staff"]
NUMBERS = ["id", "user_id", "users.id", "pk", "role", "roles", "group", "scope"]
COLUMNS = ["session_id", "hashed_password", "password_hash", "pseudonym", "email_key"]
COLUMNS += ["verified_at", "disabled_at", "created_at", "address", "user_agent", "digest"]
COLUMNS += ["__proto__", "constructor", "__class__", "_method", "state", "token_hash"]
EXTRA: dict[str, Any] = (
    dict.fromkeys(GRANTS, True) | dict.fromkeys(NUMBERS, 1) | dict.fromkeys(COLUMNS, PLANTED)
)


@pytest.fixture(scope="module", params=[STRICT, CLASSIC])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_fifty_registrations_at_once_make_one_account(target: Server) -> None:
    """A11: by four spellings of one address, as form and as JSON, at two processes."""
    person = Person(target)
    name = person.email
    spellings = [name, name.upper(), name.title(), name.replace("e", "\uff45")]

    def register(number: int) -> requests.Response:
        fields = {"email": spellings[number % 4], "password": f"{PASSWORD} {number}"}
        with browser(target) as one:
            if number % 8 < 4:
                return one.post("/users", data=fields)
            return one.post("/users", json=fields)

    answers = at_once(50, register)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 49}
    passwords = [n for n in range(50) if answers[n].status_code == 200]
    (winner,) = passwords
    assert person.try_login(f"{PASSWORD} {winner}").status_code == 200
    assert person.try_login(f"{PASSWORD} {(winner + 1) % 50}").status_code == 401


def test_what_was_not_asked_for_is_not_stored(target: Server) -> None:
    """A14: more fields than there are, at every route that takes a body."""
    taking = [route for route in routes(target) if route.example]
    # Whoever says there to be sure is gone.
    taking = [route for route in taking if route.path != "/account/delete"]
    assert len(taking) >= 5
    for route in taking:
        for kind in {FORM, JSON} & set(route.kinds):
            person = Person(target).register()
            person.log_in()
            own = {"email": person.email, "password": person.password}
            fields = {k: own.get(k, v) for k, v in route.example.items()}
            answer = route.ask(person.browser, EXTRA | fields, kind=kind)
            assert answer.status_code < 500, route.label
            assert person.try_login().status_code == 200, route.label
    assert PLANTED.encode() not in stored(target)
    assert not opens(target, PLANTED)


def test_nobody_becomes_more_than_a_user_by_saying_so(target: Server) -> None:
    """A14: registered with all of it, one is who one is."""
    person = Person(target)
    before = Person(target).register()
    answer = person.browser.post("/users", json=EXTRA | person.credentials())
    assert answer.json() == {"email": person.email, "message": "user created"}
    person.log_in()
    assert person.browser.get("/profile").json() == {"email": person.email}
    assert before.try_login().status_code == 200


def test_a_query_is_no_body(target: Server) -> None:
    """A14: fields in the address, where logs and histories keep them, are not read."""
    person = Person(target)
    answer = person.browser.post("/users", params=person.credentials())
    assert answer.status_code == 400
    assert person.try_login().status_code == 401
