"""One's own sessions are seen and ended, and nobody else's."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.profiles import only_strict
from tests.stage.raw import rows
from tests.stage.visits import ALICE, BOB, PASSWORD, front_desk, log_in, register, visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
pytestmark = only_strict


def log_in_with(app: Flask, agent: str, email: str = ALICE, address: str = "192.0.2.7") -> str:
    client = app.test_client()
    form = {"email": email, "password": PASSWORD}
    answer = client.post(
        "/sessions",
        data=form,
        headers={"User-Agent": agent},
        environ_base={"REMOTE_ADDR": address},
    )
    assert answer.status_code == 200
    cookie = client.get_cookie("session_id")
    assert cookie
    return str(cookie.value)


def listed(app: Flask, session: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = visitor(app, session).get("/sessions").get_json()["sessions"]
    return found


@pytest.fixture
def phone_and_laptop(app: Flask, clock: MovableClock) -> tuple[str, str]:
    """Two sessions of one person, opened a minute apart."""
    register(app.test_client())
    phone = log_in_with(app, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1")
    clock.advance(minutes=1)
    return phone, log_in_with(app, FIREFOX, address="2001:db8::7")


def test_a_person_sees_where_sessions_were_opened(
    app: Flask, phone_and_laptop: tuple[str, str]
) -> None:
    laptop, phone = listed(app, phone_and_laptop[1])
    assert (laptop["device"], laptop["address"]) == ("Firefox on Linux", "2001:db8::7")
    assert (phone["device"], phone["address"]) == ("Safari on iPhone", "192.0.2.7")
    assert (laptop["current"], phone["current"]) == (True, False)
    assert phone["created_at"] < laptop["created_at"]


def test_a_person_sees_when_sessions_were_used_last(
    app: Flask, phone_and_laptop: tuple[str, str], clock: MovableClock
) -> None:
    phone, laptop = phone_and_laptop
    clock.advance(hours=3)
    visitor(app, phone).get("/profile")
    first, second = listed(app, laptop)
    # The one that asks is in use this very moment.
    assert (first["last_seen_at"], first["current"]) == (clock().isoformat(), True)
    assert second["last_seen_at"] == clock().isoformat()
    clock.advance(hours=1)
    used, unused = listed(app, phone)
    assert used["last_seen_at"] == clock().isoformat() > unused["last_seen_at"]
    assert unused["last_seen_at"] > unused["created_at"]


def test_what_is_seen_opens_nothing(app: Flask, phone_and_laptop: tuple[str, str]) -> None:
    session = phone_and_laptop[0]
    (mine,) = (each for each in listed(app, session) if each["current"])
    assert hashlib.sha256(session.encode()).hexdigest().startswith(mine["id"])
    assert visitor(app, mine["id"]).get("/profile").status_code == 403


def test_one_session_is_ended_from_another(app: Flask, phone_and_laptop: tuple[str, str]) -> None:
    phone, laptop = phone_and_laptop
    _, lost = listed(app, laptop)
    assert visitor(app, laptop).delete(f"/sessions/{lost['id']}").status_code == 204
    assert visitor(app, phone).get("/profile").status_code == 403
    assert visitor(app, laptop).get("/profile").status_code == 200
    refuses(visitor(app, laptop).delete(f"/sessions/{lost['id']}"), 404, "session_unknown")


def test_all_others_are_ended_at_once(app: Flask, phone_and_laptop: tuple[str, str]) -> None:
    phone, laptop = phone_and_laptop
    register(app.test_client(), BOB)
    bobs = log_in_with(app, FIREFOX, BOB)
    assert visitor(app, laptop).delete("/sessions?others=true").status_code == 204
    found = [visitor(app, each).get("/profile").status_code for each in (phone, laptop, bobs)]
    assert found == [403, 200, 200]


@pytest.mark.parametrize("wrong", ["%", "", "0" * 16, "_" * 16, "short"])
def test_nobody_elses_session_is_ended(
    app: Flask, phone_and_laptop: tuple[str, str], wrong: str
) -> None:
    register(app.test_client(), BOB)
    bob = visitor(app, log_in_with(app, FIREFOX, BOB))
    for each in listed(app, phone_and_laptop[0]):
        refuses(bob.delete(f"/sessions/{each['id']}"), 404, "session_unknown")
    if wrong:
        refuses(bob.delete(f"/sessions/{wrong}"), 404, "session_unknown")
    assert len(listed(app, phone_and_laptop[0])) == 2


@pytest.mark.parametrize(
    "method", ["GET /sessions", "DELETE /sessions/x", "DELETE /sessions?others=true"]
)
def test_nobody_sees_or_ends_anything(client: FlaskClient, method: str) -> None:
    verb, path = method.split()
    refuses(client.open(path, method=verb), 403, "session_none")


def test_only_a_recent_login_ends_other_sessions(
    app: Flask, clock: MovableClock, phone_and_laptop: tuple[str, str]
) -> None:
    laptop = visitor(app, phone_and_laptop[1])
    clock.advance(minutes=10)
    mine, phone = (each["id"] for each in listed(app, phone_and_laptop[1]))
    for path in (f"/sessions/{phone}", "/sessions?others=true"):
        refuses(laptop.delete(path), 403, "login_not_recent")
    assert visitor(app, phone_and_laptop[0]).get("/profile").status_code == 200
    assert visitor(app, log_in_with(app, FIREFOX)).delete(f"/sessions/{phone}").status_code == 204
    assert laptop.delete(f"/sessions/{mine}").status_code == 204, "one's own ends at any time"


def test_a_session_that_is_over_is_not_listed(
    app: Flask, clock: MovableClock, phone_and_laptop: tuple[str, str]
) -> None:
    clock.advance(days=4)
    assert visitor(app, phone_and_laptop[1]).get("/profile").status_code == 200
    front_desk(app).sessions.record_visits()
    clock.advance(days=4)
    (only,) = listed(app, phone_and_laptop[1])
    assert only["current"]


def test_a_program_without_cookies_sends_the_same_id_as_a_bearer(app: Flask) -> None:
    register(app.test_client())
    session = log_in(app.test_client())
    ask, bearer = app.test_client(), {"Authorization": f"Bearer {session}"}
    assert ask.get("/profile", headers=bearer).get_json() == {"email": ALICE}
    for wrong in ("Bearer x", "Bearer", "Bearer ", f"Basic {session}", session, "Bearer a=b"):
        assert ask.get("/profile", headers={"Authorization": wrong}).status_code == 403
    assert ask.delete("/sessions", headers=bearer).status_code == 302
    assert ask.get("/profile", headers=bearer).status_code == 403


def test_an_endless_or_hostile_browser_name_is_kept_short_and_plain(app: Flask) -> None:
    register(app.test_client())
    log_in_with(app, "Firefox/1 <script>\x1b[31m" + "x" * 5000)
    ((agent,),) = rows(app, "SELECT user_agent FROM sessions")
    assert len(agent) <= 250
    assert agent.isprintable()


def test_the_hundred_used_last_are_kept(app: Flask, clock: MovableClock) -> None:
    register(app.test_client())
    with front_desk(app)._db.begin() as tx:  # noqa: SLF001 - a hundred logins would take long.
        opened = []
        for _ in range(101):
            clock.advance(seconds=1)
            opened.append(front_desk(app).sessions.open(tx, 1).id)
    assert visitor(app, opened[0]).get("/profile").status_code == 403
    assert len(listed(app, opened[1])) == 100


@pytest.mark.parametrize("public_id", ["%00" * 16, "g" * 16, "%" * 16, "A" * 16])
def test_what_cannot_be_an_id_is_nobodys(app: Flask, public_id: str) -> None:
    register(app.test_client())
    client = app.test_client()
    log_in(client)
    refuses(client.delete(f"/sessions/{public_id}"), 404, "session_unknown")
