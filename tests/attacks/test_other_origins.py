"""A25: a page of another site changes nothing, not even who is logged in."""

from __future__ import annotations

import pytest

from tests.attacks.people import Person, browser, holding, opens
from tests.attacks.routes import FORM, JSON, SAFE, Route, routes
from tests.stage.server import Server

EVIL = "https://evil.example.net"
# What browsers say of a page elsewhere: newer ones, older ones, sandboxed frames, sibling hosts.
PAGES: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site", "Origin": EVIL},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.com"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Origin": "null"},
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "file://"},
    {"Origin": ""},
    {"Origin": "http://localhost"},
    {"Origin": EVIL, "Referer": EVIL, "X-Requested-With": "XMLHttpRequest"},
    {"Sec-Fetch-Site": "SAME-ORIGIN ", "Origin": EVIL},
    {"Sec-Fetch-Site": "nonsense"},
]
# What a form or a simple request can send without asking first.
SIMPLE = [FORM, "multipart/form-data; boundary=b", "text/plain", "text/plain; x=application/json"]


def changing(server: Server) -> list[Route]:
    return [route for route in routes(server) if route.method not in SAFE]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_elsewhere_asks_for_no_change(
    target: Server, victim: Person, page: dict[str, str]
) -> None:
    """A25: at every route that changes something, with the victim's cookie."""
    session = victim.log_in()
    own = victim.credentials()
    for route in changing(target):
        fields = {name: own.get(name, value) for name, value in route.example.items()}
        for kind in {FORM, JSON} & set(route.kinds) or {""}:
            answer = route.ask(victim.browser, fields, kind=kind, headers=page)
            assert answer.status_code == 403, (route.label, kind)
            assert not answer.cookies, route.label
    assert opens(target, session)
    assert victim.mails() == []


@pytest.mark.parametrize("kind", SIMPLE)
def test_nobody_is_logged_in_as_the_attacker(
    target: Server, victim: Person, attacker: Person, kind: str
) -> None:
    """A25: login CSRF, in the ways in which a form can send it."""
    session = victim.log_in()
    body = f"email={attacker.email}&password={attacker.password}"
    if kind.startswith("text"):
        # The end of the field's name and the "=" hide within the JSON.
        body = f'{{"email":"{attacker.email}","password":"{attacker.password}","a":"="}}'
    with holding(target, session) as unaware:
        headers = {"Content-Type": kind, "Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
        answer = unaware.post("/sessions", data=body.encode(), headers=headers)
        assert answer.status_code == 403
        assert not answer.cookies
        assert unaware.get("/profile").json() == {"email": victim.email}


@pytest.mark.parametrize("kind", SIMPLE[2:])
def test_json_is_not_taken_from_what_a_form_can_send(
    target: Server, victim: Person, kind: str
) -> None:
    """A25: nor without the headers, from a browser that knows none of them."""
    with browser(target) as ask:
        body = f'{{"email":"{victim.email}","password":"{victim.password}"}}'
        answer = ask.post("/sessions", data=body, headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert not answer.cookies


def test_no_other_method_stands_for_one_that_changes(target: Server, victim: Person) -> None:
    """A25: a link or an image can only GET; nothing lets it pass for a DELETE."""
    session = victim.log_in()
    for override in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        with holding(target, session) as unaware:
            unaware.get("/sessions?_method=DELETE", headers={override: "DELETE"})
            unaware.get("/sessions?others=true&_method=DELETE", headers={override: "DELETE"})
            unaware.post("/sessions?_method=DELETE", data={"_method": "DELETE"})
    assert opens(target, session)


def test_no_other_site_is_let_to_read(target: Server, victim: Person) -> None:
    """A25: no CORS header invites a script elsewhere, before a request or after."""
    victim.log_in()
    asking = {"Origin": EVIL, "Access-Control-Request-Method": "DELETE"}
    for route in routes(target):
        if route.method == "GET":
            before = victim.browser.options(route.path, headers=asking)
            after = route.ask(victim.browser, headers={"Origin": EVIL})
            for answer in (before, after):
                assert not [
                    name for name in answer.headers if name.lower().startswith("access-control")
                ]
