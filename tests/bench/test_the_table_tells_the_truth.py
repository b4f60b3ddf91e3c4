"""A bar that is missed is marked, and what could not be measured is named."""

from __future__ import annotations

from typing import Any

import pytest

from bench.bars import bars
from bench.report import table
from tests.bench.runs import run, storm

SLOW = {"rps": 5900.0, "p50_ms": 2.0, "p99_ms": 9.0}


def verdicts(found: dict[str, object]) -> dict[str, str]:
    return {bar.promise.job: bar.verdict for bar in bars(found)}


def line(found: dict[str, object], words: str) -> str:
    (only,) = [each for each in table(found).splitlines() if each.startswith(words)]
    return only


@pytest.mark.parametrize("peers", [False, True])
def test_where_all_is_well_every_bar_is_reached(peers: bool) -> None:
    found = verdicts(run(peers=peers))
    assert set(found.values()) == {"reached"}
    assert len(found) == (18 if peers else 14)
    assert "NOT" not in table(run(peers=peers))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"profile": SLOW}, "GET /profile, of Flask hello world"),
        ({"storm_2": storm(25.1)}, "session check p99 in a storm, 2 workers"),
        ({"memory": {"rested": 90.5, "peak": 99.0}}, "worker's memory after load"),
    ],
)
def test_a_missed_bar_is_marked(changed: dict[str, Any], words: str) -> None:
    assert line(run(**changed), words).endswith("NOT REACHED")
    assert list(verdicts(run(**changed)).values()).count("NOT REACHED") == 1


def test_peers_are_compared_with_the_best_of_each() -> None:
    faster = {"rps": 2000.0, "p50_ms": 2.0, "p99_ms": 9.0}
    missed = verdicts(run(peers=True, better_auth_faster=faster))
    assert missed["GET /profile, of Better Auth's best"] == "NOT REACHED"
    assert missed["GET /profile, of Flask-Security's check"] == "reached"


def test_one_way_of_a_peer_that_failed_does_not_hide_the_other() -> None:
    found = run(peers=True, better_auth=None)
    found["failed"] = {"better-auth": "3 of 25 answers were wrong"}
    assert verdicts(found)["GET /profile, of Better Auth's best"] == "reached"
    assert "3 of 25 answers were wrong" in table(found)


def test_what_failed_is_named_with_its_reason_and_reaches_nothing() -> None:
    found = run(bare=None)
    found["failed"] = {"bare": "bare did not start"}
    words = "GET /sessions/verify, of bare WSGI"
    assert line(found, words).endswith("NOT MEASURED: bare did not start")
    assert [bar.reached for bar in bars(found) if bar.promise.job == words] == [False]


def test_a_peer_that_cannot_be_installed_is_named() -> None:
    found = run(peers=True, better_auth=None, better_auth_faster=None, better_auth_storm=None)
    reason = "not installed: npm is not on this machine"
    found["failed"] = {"better-auth": reason}
    assert line(found, "Better Auth, Node: get-session").endswith(reason)
    assert line(found, "GET /profile, of Better Auth's best").endswith(f"NOT MEASURED: {reason}")


def test_excess_that_was_never_refused_is_no_bar_reached() -> None:
    never = storm(15.0) | {"refused_p99_ms": None}
    assert verdicts(run(storm_1=never))["excess refused, p99, 1 worker"].startswith("NOT MEASURED")
