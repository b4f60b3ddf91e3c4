"""A19: where a request comes from is what the connection says, whatever its headers claim."""

from __future__ import annotations

import json
from itertools import count

import pytest
import requests

from bench.wire import somewhere
from tests.attacks.people import Person, browser
from tests.conftest import Serve
from tests.stage.server import Visitor
from tests.stage.visits import WRONG

CLAIMS = [
    *("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP", "Via"),
    *("X-Client-IP", "X-Originating-IP", "X-Remote-Addr", "X_Forwarded_For", "X-Cluster-Client-IP"),
]
NUMBERS = count(1)


def claiming(header: str, times: int = 1) -> dict[str, str]:
    """A new address each time it is called, as ``header`` puts it."""
    number = next(NUMBERS)
    address = f"203.0.{number // 256}.{number % 256}"
    if header == "Forwarded":
        return {header: f"for={address}"}
    return {header: ", ".join([address] * times)}


def guess(visitor: Visitor, victim: Person, headers: dict[str, str]) -> requests.Response:
    return visitor.post("/sessions", data=victim.credentials(WRONG), headers=headers)


@pytest.mark.parametrize("header", CLAIMS)
def test_a_header_makes_nobody_somebody_else(victim: Person, header: str) -> None:
    """A19: one connection guesses under eleven claimed addresses."""
    with browser(victim.server) as attacker:
        found = [
            guess(attacker, victim, claiming(header, n % 3 + 1)).status_code for n in range(11)
        ]
    assert found == [401] * 10 + [429]


def test_nobody_is_shut_out_in_anothers_name(victim: Person) -> None:
    """A19: failing in the name of the victim's own address locks nobody there."""
    home = somewhere()
    with browser(victim.server) as attacker:
        for _ in range(11):
            guess(attacker, victim, {"X-Forwarded-For": home, "X-Real-IP": home})
    with browser(victim.server, home) as owner:
        assert owner.post("/sessions", data=victim.credentials()).status_code == 200


def test_what_is_shown_and_written_is_where_it_came_from(server: Serve) -> None:
    """A19: the list of sessions, and every line of the log."""
    running, home = server(), somewhere()
    victim = Person(running).register()
    claimed = {"X-Forwarded-For": "198.51.100.66", "Forwarded": "for=198.51.100.66"}
    with browser(running, home) as owner:
        owner.post("/sessions", data=victim.credentials(), headers=claimed)
        (shown,) = owner.get("/sessions", headers=claimed).json()["sessions"]
    assert shown["address"] == home
    lines = [json.loads(line) for line in running.running.log.splitlines()]
    assert lines
    assert "198.51.100.66" not in running.running.log
