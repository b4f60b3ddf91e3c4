"""A23, A24, A26: a session id is made by the service, ends in time, and is one's own."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.attacks.people import Person, browser, holding, opens
from tests.attacks.routes import routes
from tests.conftest import Serve
from tests.stage.server import Server
from tests.stage.visits import NEW_PASSWORD


def everywhere(server: Server, session_id: str) -> list[int]:
    """What many connections are told about this session id: some of each process."""
    answers = []
    for _ in range(12):
        with holding(server, session_id) as thief:
            answers.append(thief.get("/profile").status_code)
    return answers


@pytest.mark.parametrize("cookie", ["{}", "{}; session_id={}", '"{}"', "{}; __Host-session_id={}"])
def test_a_planted_id_never_becomes_a_session(target: Server, victim: Person, cookie: str) -> None:
    """A23: an id that the attacker chose, set before the victim logs in."""
    planted = str(uuid4())
    header = {"Cookie": "session_id=" + cookie.replace("{}", planted)}
    bearer = {"Authorization": f"Bearer {planted}"}
    for given in (header, bearer, header | bearer):
        with browser(target) as unaware:
            answer = unaware.post("/sessions", data=victim.credentials(), headers=given)
        assert answer.status_code == 200
        assert answer.cookies["session_id"] != planted
        assert opens(target, str(answer.cookies["session_id"]))
        assert not opens(target, planted)


def test_the_attackers_own_session_stays_the_attackers(
    target: Server, victim: Person, attacker: Person
) -> None:
    """A23: planted is a live session, in the hope that the victim's login raises it."""
    planted = attacker.log_in()
    with holding(target, planted) as unaware:
        answer = unaware.post("/sessions", data=victim.credentials())
    assert answer.cookies["session_id"] != planted
    with holding(target, planted) as thief:
        assert victim.email not in thief.get("/profile").text
        assert victim.email not in thief.get("/sessions").text


def test_no_id_comes_by_another_way_than_the_cookie(target: Server, victim: Person) -> None:
    """A23: in the address, the body or a header, an id is nothing, not even a true one."""
    session = victim.log_in()
    with browser(target) as thief:
        for where in (f"/profile?session_id={session}", f"/profile;session_id={session}"):
            assert thief.get(where).status_code in (403, 404)
        assert thief.get("/profile", data={"session_id": session}).status_code == 403
        for name in ("X-Session-ID", "Session-ID", "X-Auth-Token"):
            assert thief.get("/profile", headers={name: session}).status_code == 403
        fields = victim.credentials() | {"session_id": str(uuid4())}
        made = thief.post("/sessions", data=fields, params={"session_id": session})
    assert made.cookies["session_id"] not in (session, fields["session_id"])


def log_out(victim: Person) -> None:
    assert victim.browser.delete("/sessions").status_code == 302


def end_it_elsewhere(victim: Person) -> None:
    elsewhere = holding(victim.server, None)
    elsewhere.post("/sessions", data=victim.credentials())
    for each in elsewhere.get("/sessions").json()["sessions"]:
        if not each["current"]:
            assert elsewhere.delete(f"/sessions/{each['id']}").status_code == 204


def end_all_others(victim: Person) -> None:
    elsewhere = holding(victim.server, None)
    elsewhere.post("/sessions", data=victim.credentials())
    assert elsewhere.delete("/sessions", params={"others": "true"}).status_code == 204


def reset(victim: Person) -> None:
    assert victim.set_password(victim.reset_token()).status_code == 200


def change_password(victim: Person) -> None:
    form = {"current_password": victim.password, "new_password": NEW_PASSWORD}
    assert victim.browser.put("/profile/password", data=form).status_code == 200


def delete(victim: Person) -> None:
    assert victim.browser.delete("/profile").status_code == 200


def disable(victim: Person) -> None:
    """By the operator's command, beside the service."""
    victim.server.operate("accounts", "disable", victim.email)


def log_in_again(victim: Person) -> None:
    """From the same browser, which then holds the new one."""
    victim.log_in()


ENDS = [log_out, end_it_elsewhere, end_all_others, reset, change_password, delete, disable]
ENDS += [log_in_again]


@pytest.mark.parametrize("end", ENDS)
def test_a_copied_cookie_ends_with_the_session(
    target: Server, victim: Person, end: Callable[[Person], None]
) -> None:
    """A24: on the very next request, at both processes, whatever they knew before."""
    copied = victim.log_in()
    assert set(everywhere(target, copied)) == {200}
    end(victim)
    assert set(everywhere(target, copied)) == {403}
    assert not opens(target, copied)
    with holding(target, copied) as thief:
        for route in routes(target):
            if route.signed_in:
                assert route.ask(thief).status_code in (401, 403), route.label


def test_what_ended_does_not_come_back_with_a_restart(server: Serve) -> None:
    """A24: what an attacker may wait for."""
    running = server()
    victim = Person(running).register()
    copied = victim.log_in()
    log_out(victim)
    running.stop()
    running.start()
    assert not opens(running, copied)


def test_another_users_session_is_not_to_be_found(
    target: Server, victim: Person, attacker: Person
) -> None:
    """A26: its public id, its full id, and what is near them, in the path."""
    session = victim.log_in()
    (shown,) = victim.browser.get("/sessions").json()["sessions"]
    attacker.log_in()
    for guess in (shown["id"], session, shown["id"].upper(), shown["id"][:8], "%", "_" * 16, "1"):
        for method in ("DELETE", "GET", "PUT", "PATCH", "POST"):
            answer = attacker.browser.request(method, f"/sessions/{guess}")
            assert answer.status_code in (404, 405), (method, guess)
    unknown = attacker.browser.delete("/sessions/0123456789abcdef")
    known = attacker.browser.delete(f"/sessions/{shown['id']}")
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert attacker.browser.delete("/sessions", params={"others": "true"}).status_code == 204
    assert opens(target, session)
    assert len(victim.browser.get("/sessions").json()["sessions"]) == 1
