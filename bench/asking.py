"""Requests one after the other, and loads of many, to a server that holds made-up people."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench.load import load
from bench.seed import as_headers

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GOOD = frozenset({200, 204})
Ask = Callable[[http.client.HTTPConnection], int]


def checks(url: str, sessions: Path, seconds: int, path: str = "/sessions/verify") -> float:
    """Answers a second, to wrk on the second core, of which each is about a random session.

    :param sessions: a file of ids, in a directory of its own.
    """
    seen = load(url + path, seconds, as_headers(sessions))
    return seen["requests"] / seen["seconds"]


def milliseconds(url: str, asks: Iterator[Ask], good: Container[int] = GOOD) -> float:
    """The median of how long these requests take, one after the other on one connection.

    :param good: statuses that are no mistake.
    """
    place = urlsplit(url)
    with closing(http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)) as wire:
        taken = []
        for ask in asks:
            began = time.perf_counter()
            status = ask(wire)
            taken.append((time.perf_counter() - began) * 1000)
            if status not in good:
                raise SystemExit(f"bench: {url} answered {status}")
    return median(taken)


def looks(path: str, sessions: Path, times: int) -> Iterator[Ask]:
    """Look at something of one's own, each time somebody else."""
    ids = sessions.read_text(encoding="ascii").splitlines()
    for each in random.choices(ids, k=times):  # noqa: S311 - no secret.
        yield _asking("GET", path, None, {"Cookie": f"session_id={each}"})


def logins(password: str, accounts: int, times: int) -> Iterator[Ask]:
    """Log in, each time somebody else."""
    for number in random.choices(range(1, accounts + 1), k=times):  # noqa: S311 - no secret.
        form = {"email": f"user{number}@example.com", "password": password}
        yield _asking("POST", "/sessions", form, FORM)


def registrations(times: int) -> Iterator[Ask]:
    """Register people who were not there."""
    began = time.time_ns()
    for number in range(times):
        form = {"email": f"new{began + number}@example.com", "password": f"{began} is my own"}
        yield _asking("POST", "/users", form, FORM)


def resets(accounts: int, times: int) -> Iterator[Ask]:
    """Ask for links, each time for somebody else."""
    for number in random.choices(range(1, accounts + 1), k=times):  # noqa: S311 - no secret.
        yield _asking("POST", "/reset_password", {"email": f"user{number}@example.com"}, FORM)


def pages(paths: Iterable[str]) -> Iterator[Ask]:
    """Look at these pages."""
    for path in paths:
        yield _asking("GET", path, None, {"Accept": "text/html"})


def _asking(method: str, path: str, form: dict[str, str] | None, headers: dict[str, str]) -> Ask:
    body = urlencode(form) if form else None

    def ask(wire: http.client.HTTPConnection) -> int:
        wire.request(method, path, body, headers)
        answer: Any = wire.getresponse()
        answer.read()
        return int(answer.status)

    return ask
