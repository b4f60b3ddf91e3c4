"""Peers under the same loads as the service, in turns with it."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import requests

from bench.load import Job
from bench.logins import pace
from bench.peers import PEERS, Peer
from bench.peers.installing import install, place, program
from bench.plan import Plan
from bench.rows import Rows
from bench.seed import PASSWORD
from bench.servers import Server, Unusable, started
from bench.storm import storm, typical
from bench.watch import watching_with
from bench.wire import Line, request

ACCOUNTS, SESSIONS = 10_000, 20
SEED_SECONDS = 120
# Logins of a turn take up to five seconds at two a second.
LOGINS, LOGIN_TURNS = 12, 2
OK = 200


@dataclass
class Running:
    """A peer that answers, and what its sessions send."""

    peer: Peer
    server: Server
    headers: Path
    # Of all its logins, the number of the next.
    next: int = SESSIONS + 1

    def words(self, _: int) -> bytes:
        """The next login."""
        self.next = self.next % ACCOUNTS + 1
        return self.peer.log_in(self.next, PASSWORD)

    def check(self) -> bytes:
        """A session check."""
        return request("GET", self.peer.check, self.headers.read_text().splitlines()[0])


def prepare(rows: Rows) -> list[Peer]:
    """Install all of them; those that could be."""
    ready = []
    for peer in PEERS:
        rows.say(f"installing {peer.title}")
        with rows.attempt(peer.name):
            install(peer)
            ready.append(peer)
    return ready


def start(rows: Rows, ready: list[Peer], work: Path, stack: ExitStack) -> list[Running]:
    """Seed and start them; those that answer."""
    running = []
    for peer in ready:
        rows.say(f"filling and starting {peer.title}")
        with rows.attempt(peer.name):
            running.append(_start(peer, work, stack))
    return running


def _start(peer: Peer, work: Path, stack: ExitStack) -> Running:
    settings = {"PEER_DATABASE": str(work / f"{peer.name}.db"), "NODE_ENV": "production"}
    ended = subprocess.run(
        [*program(peer), *peer.seed, str(ACCOUNTS), PASSWORD],
        cwd=place(peer),
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=SEED_SECONDS,
    )
    if ended.returncode:
        raise Unusable(f"its accounts could not be made: {ended.stderr.strip()}")
    serving = started(
        peer.name, peer.serve, work, program=program(peer), settings=settings, cwd=place(peer)
    )
    running = Running(peer, stack.enter_context(serving), work / f"{peer.name}.headers")
    _open_sessions(running)
    return running


def _open_sessions(running: Running) -> None:
    """Log some people in, and make sure that the first one is known from now on."""
    url, peer = running.server.url, running.peer
    lines = [_session(url, peer, number) for number in range(1, SESSIONS + 1)]
    running.headers.write_text("\n".join(lines) + "\n")
    with Line(url) as line:
        status = line.ask(running.check()).status
    if status != OK:
        raise Unusable(f"a session check was answered with {status}")


def _session(url: str, peer: Peer, number: int) -> str:
    fields = dict(zip(peer.names, (f"user{number}@example.com", PASSWORD), strict=True))
    answer = requests.post(
        f"{url}{peer.login}",
        data=fields if peer.form else None,
        json=None if peer.form else fields,
        headers={"Accept": "application/json"},
        timeout=60,
    )
    answer.raise_for_status()
    if answer.cookies:
        return "Cookie: " + "; ".join(f"{each.name}={each.value}" for each in answer.cookies)
    return f"X-Session-Token: {answer.json()['meta']['session_token']}"


def checks(running: list[Running]) -> list[Job]:
    """Their session checks; of one that has two ways, both."""
    jobs = []
    for each in running:
        peer = each.peer
        jobs.append(Job(peer.name, each.server, peer.check, each.headers))
        if peer.faster:
            jobs.append(Job(f"{peer.name}-faster", each.server, peer.faster, each.headers))
    return jobs


def log_in(rows: Rows, running: list[Running]) -> None:
    """Logins a second of each, and what memory it holds before and after."""
    for each in running:
        name = f"{each.peer.name}-login"
        rows.say(f"logins at {each.peer.title}")
        with rows.attempt(name):
            before = each.server.worker_memory()["now"]
            turns = [pace(each.server.url, each.words, many=LOGINS) for _ in range(LOGIN_TURNS)]
            with watching_with(each.server.url, each.check()) as watched:
                pace(each.server.url, each.words, many=LOGINS)
            rows.found[name] = {
                "check_p99_ms": watched.p99,
                "per_second": median(turn.per_second for turn in turns),
                "p50_ms": median(turn.p50_ms for turn in turns),
                "after_checks_mb": before,
                "peak_mb": each.server.worker_memory()["peak"],
            }


def weather(plan: Plan, rows: Rows, running: list[Running]) -> None:
    """Their session checks in a storm of logins; each one's last row, since it has to catch up."""
    for each in running:
        name, login = f"{each.peer.name}-storm", f"{each.peer.name}-login"
        rows.say(f"a storm of logins at {each.peer.title}")
        with rows.attempt(name):
            if login not in rows.found:
                raise Unusable("how many logins it can do is not known")
            can = rows.found[login]["per_second"]
            once = partial(storm, each.server.url, each.words, each.check(), can)
            rows.found[name] = typical([once(plan.storm_seconds)])
            rows.found[login]["peak_mb"] = each.server.worker_memory()["peak"]
