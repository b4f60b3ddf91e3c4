"""A process killed under load: nothing that was acknowledged is lost, and what ended stays over."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count, repeat
from pathlib import Path
from threading import Event, Thread
from typing import Any

import requests

from tests.conftest import Serve
from tests.stage.databases import on_both_databases
from tests.stage.profiles import UNLIMITED
from tests.stage.raw import is_on_postgresql, rows
from tests.stage.server import Server, Visitor
from tests.stage.visits import LINK, NEW_PASSWORD, PASSWORD, eventually, mails

# More than spend their links before everybody has done enough.
FORGETFUL = 60
OWNER = {"email": "owner@example.com", "password": PASSWORD}


def form(number: int) -> dict[str, str]:
    return {"email": f"{number}@example.com", "password": PASSWORD}


def register(ask: Visitor, number: int) -> tuple[requests.Response, str]:
    return ask.post("/users", data=form(number)), form(number)["email"]


def log_out(ask: Visitor, account: dict[str, str]) -> tuple[requests.Response, str]:
    """From a session that was opened for it, whose id this is."""
    session_id = ask.post("/sessions", data=account).cookies["session_id"]
    return ask.delete("/sessions"), str(session_id)


def spend(ask: Visitor, token: str) -> tuple[requests.Response, str]:
    fields = {"email": "any@example.com", "reset_token": token, "new_password": NEW_PASSWORD}
    return ask.put("/reset_password", data=fields), token


class Client(Thread):
    """Does one thing to each of many, and notes what was acknowledged."""

    def __init__(self, running: Server, act: Callable[..., Any], of: Iterable[Any]) -> None:
        super().__init__()
        self.running, self.act, self.of = running, act, of
        self.acknowledged: list[str] = []
        self.refused: set[int] = set()
        self.enough = Event()

    def run(self) -> None:
        """Go on, whatever happens to the server."""
        for each in self.of:
            lost = False
            while not self.enough.is_set() and not self._answered(each, lost):
                lost = True
                time.sleep(0.02)
            if self.enough.is_set():
                return

    def _answered(self, each: Any, lost: bool) -> bool:
        try:
            with self.running.visitor() as ask:
                response, promised = self.act(ask, each)
        except requests.RequestException:
            return False
        if response.status_code in (200, 302):
            self.acknowledged.append(promised)
        elif not lost:
            # After an answer that was lost, it may be done already, and be refused.
            self.refused.add(response.status_code)
        return True


@dataclass(frozen=True)
class Done:
    """What was acknowledged while something was killed."""

    registered: list[str]
    logged_out: list[str]
    spent: list[str]


def forgetful(running: Server) -> dict[str, str]:
    """People with a reset link each: addresses by token."""
    with running.visitor() as ask:
        for number in range(FORGETFUL):
            assert register(ask, number)[0].status_code == 200
            assert ask.post("/reset_password", data=form(number)).status_code == 200
    folder = running.data / "mail"
    eventually(lambda: len(mails(folder)) == FORGETFUL)
    texts = [path.read_text() for path in mails(folder)]
    return {LINK.findall(text)[0]: re.findall(r"(?m)^To: (.+)$", text)[0] for text in texts}


def under_load(running: Server, links: list[str], kill: Callable[[], None]) -> Done:
    """Kill something while six clients are busy; what they were promised."""
    registering = [Client(running, register, count(100_000 * n)) for n in (1, 2)]
    logging_out = [Client(running, log_out, repeat(OWNER)) for _ in range(2)]
    spending = [Client(running, spend, half) for half in (links[::2], links[1::2])]
    clients = [*registering, *logging_out, *spending]
    for each in clients:
        each.start()
    try:
        eventually(lambda: all(len(each.acknowledged) >= 5 for each in clients))
        kill()
        eventually(lambda: all(len(each.acknowledged) >= 10 for each in clients))
    finally:
        for each in clients:
            each.enough.set()
        for each in clients:
            each.join()
    assert set().union(*(each.refused for each in clients)) == set()
    groups = (registering, logging_out, spending)
    return Done(*([each for one in group for each in one.acknowledged] for group in groups))


def every_account_has_its_row(running: Server) -> None:
    """Whatever was stored is in the audit trail, and nothing else is."""
    made = "SELECT pseudonym FROM users ORDER BY 1"
    register = "act = 'register' AND outcome = 'accepted'"
    recorded = f'SELECT "user" FROM audit_events WHERE {register} ORDER BY 1'  # noqa: S608
    assert rows(running, made) == rows(running, recorded)
    numbers = rows(running, "SELECT min(id), max(id), count(*) FROM audit_events")
    assert numbers == [(1, numbers[0][1], numbers[0][1])]


def killed(running: Server, kill: Callable[[], None]) -> None:
    """Under load; what was acknowledged before and after must still be so then."""
    links = forgetful(running)
    before = dict(rows(running, "SELECT email, hashed_password FROM users"))
    with running.visitor() as owner:
        assert owner.post("/users", data=OWNER).status_code == 200
        mine = owner.post("/sessions", data=OWNER).cookies["session_id"]
    done = under_load(running, list(links), kill)
    after = dict(rows(running, "SELECT email, hashed_password FROM users"))
    assert set(done.registered) <= after.keys()
    every_account_has_its_row(running)
    assert [each for each in done.logged_out if opens(running, each)] == []
    assert opens(running, mine), "nobody else was logged out"
    assert [each for each in done.spent if after[links[each]] == before[links[each]]] == []
    with running.visitor() as ask:
        for token in done.spent:
            assert spend(ask, token)[0].status_code == 403
        for email, password, status in (
            (links[done.spent[0]], NEW_PASSWORD, 200),
            (links[done.spent[0]], PASSWORD, 401),
            (done.registered[-1], PASSWORD, 200),
        ):
            answer = ask.post("/sessions", data={"email": email, "password": password})
            assert answer.status_code == status


def opens(running: Server, session_id: str) -> bool:
    """Whether this session is open."""
    with running.visitor() as ask:
        bearer = {"Authorization": f"Bearer {session_id}"}
        return ask.get("/profile", headers=bearer).status_code == 200


@on_both_databases
def test_a_worker_killed_under_load_loses_nothing(server: Serve) -> None:
    running = server(workers=2, **UNLIMITED)
    victim = running.workers()[0]
    killed(running, lambda: os.kill(victim, signal.SIGKILL))
    eventually(lambda: len(running.workers()) == 2 and victim not in running.workers())
    if not is_on_postgresql(running):
        assert rows(running, "PRAGMA integrity_check") == [("ok",)]


@on_both_databases
def test_a_service_killed_under_load_loses_nothing(server: Serve) -> None:
    running = server(workers=2, **UNLIMITED)

    def kill_and_start_again() -> None:
        workers = running.workers()
        running.stop(signal.SIGKILL)
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        running.start()

    killed(running, kill_and_start_again)
