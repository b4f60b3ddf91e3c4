"""What is to be reached, and whether it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.peers import PEERS
from bench.stands import SQLITE

Rows = dict[str, Any]
Found = Callable[[Rows], float]
FLASK_SECURITY, BETTER_AUTH = "flask-security", "better-auth"


@dataclass(frozen=True)
class Promise:
    """What is to be reached: at least so much, or at most."""

    job: str
    sign: str
    reach: float
    unit: str
    found: Found


@dataclass(frozen=True)
class Bar:
    """A promise, and what was found."""

    promise: Promise
    # ``None``: it could not be measured, for this reason.
    found: float | None
    reason: str = ""

    @property
    def reached(self) -> bool:
        """Whether it is kept. What could not be measured is not."""
        if self.found is None:
            return False
        reach = self.promise.reach
        return self.found >= reach if self.promise.sign == "≥" else self.found <= reach

    @property
    def verdict(self) -> str:
        """In words."""
        if self.found is None:
            return f"NOT MEASURED: {self.reason}"
        return "reached" if self.reached else "NOT REACHED"

    @property
    def bound(self) -> str:
        """What is promised."""
        return f"{self.promise.sign} {said(self.promise.reach)}{self.promise.unit}"

    @property
    def value(self) -> str:
        """What was found."""
        return "-" if self.found is None else f"{said(self.found)}{self.promise.unit}"


def said(number: float) -> str:
    """A number in as many digits as tell something."""
    digits = 0 if number >= 100 else 1 if number >= 10 else 2 if abs(number) >= 0.1 else 3
    return f"{number:,.{digits}f}"


def peers_rows(rows: Rows, ending: str) -> list[Rows]:
    """One kind of rows of all peers.

    :raises KeyError: none of them was measured.
    """
    names = [peer.name + ending for peer in PEERS]
    if not (found := [rows[name] for name in names if name in rows]):
        raise KeyError(names[0])
    return found


def _times_rps(rows: Rows, beginning: str) -> float:
    """The service's rate, of the best that any way of this peer's has."""
    own: float = rows["profile"]["rps"]
    rates: list[float] = [
        row["rps"] for name, row in rows.items() if name.startswith(beginning) and "rps" in row
    ]
    if not rates:
        raise KeyError(beginning)
    return own / max(rates)


def _times_logins(rows: Rows) -> float:
    own: float = rows["login"]["per_second"]
    return own / max(float(row["per_second"]) for row in peers_rows(rows, "-login"))


def _part_of_calmest(rows: Rows) -> float:
    own: float = rows["storm-1"]["p99_ms"]
    return own / min(float(row["p99_ms"]) for row in peers_rows(rows, "-storm"))


def _of(one: str, other: str) -> Found:
    return lambda rows: float(rows[one]["rps"]) / float(rows[other]["rps"])


def _its(name: str, what: str) -> Found:
    return lambda rows: float(rows[name][what])


OWN = (
    Promise("GET /profile, of Flask hello world", "≥", 0.70, "", _of("profile", "hello")),
    Promise("GET /sessions/verify, of bare WSGI", "≥", 0.35, "", _of("verify", "bare")),
    Promise("login (argon2id), of the bare hash loop", "≥", 0.97, "", _its("login", "ratio")),
    Promise("session check p99 in a storm, 1 worker", "≤", 25, " ms", _its("storm-1", "p99_ms")),
    Promise("session check p99 in a storm, 2 workers", "≤", 25, " ms", _its("storm-2", "p99_ms")),
    Promise("excess refused, p99, 1 worker", "≤", 50, " ms", _its("storm-1", "refused_p99_ms")),
    Promise("excess refused, p99, 2 workers", "≤", 50, " ms", _its("storm-2", "refused_p99_ms")),
    Promise("register, beyond its hash, p50", "≤", 2, " ms", _its("overheads", "register")),
    Promise("log out, beyond two statements, p50", "≤", 2, " ms", _its("overheads", "log out")),
    Promise("ask for a link, beyond two, p50", "≤", 2, " ms", _its("overheads", "reset request")),
    Promise("reset, beyond its hash, p50", "≤", 2, " ms", _its("overheads", "reset")),
    Promise("start to the first answer", "≤", 1, " s", _its("start", "start")),
    Promise("worker's memory after load", "≤", 90, " MB", _its("memory", "rested")),
)
CLASSIC = (
    Promise("login (bcrypt), of the bare hash loop", "≥", 0.97, "", _its("login-classic", "ratio")),
)
AGAINST_PEERS = (
    Promise(
        "GET /profile, of Flask-Security's check",
        "≥",
        10,
        "x",
        lambda rows: _times_rps(rows, FLASK_SECURITY),
    ),
    Promise(
        "GET /profile, of Better Auth's best",
        "≥",
        4,
        "x",
        lambda rows: _times_rps(rows, BETTER_AUTH),
    ),
    Promise("login by own default, of the best peer's", "≥", 4, "x", _times_logins),
    Promise("check p99 in a storm, of the calmest peer's", "≤", 0.10, "x", _part_of_calmest),
)


def bars(run: dict[str, Any]) -> list[Bar]:
    """Every promise that this run is about, and what it found."""
    classic = CLASSIC if run["plan"]["database"] == SQLITE else ()
    against = AGAINST_PEERS if run["plan"]["peers"] else ()
    return [_judged(promise, run) for promise in (*OWN, *classic, *against)]


# Of what takes longer than a run, or more disk: bench.growth and bench.memory.
LONGER = (
    Promise(
        "checks with the most people, of those with the fewest",
        "≥",
        0.80,
        "",
        lambda runs: float(runs["growth"]["rows"][-1]["of the first"]),
    ),
    Promise(
        "worker's memory after ten minutes of everything",
        "≤",
        90,
        " MB",
        lambda runs: float(runs["minutes"]["end"]),
    ),
    Promise(
        "of that, grown since the first minute",
        "≤",
        5,
        " %",
        lambda runs: 100 * (float(runs["minutes"]["end"]) / runs["minutes"]["warm"] - 1),
    ),
)


def longer(runs: dict[str, Any]) -> list[Bar]:
    """The promises of several sizes and of ten minutes, by all that is kept."""
    return [_judged(promise, {"rows": runs, "failed": {}}) for promise in LONGER]


def _judged(promise: Promise, run: dict[str, Any]) -> Bar:
    try:
        return Bar(promise, promise.found(run["rows"]))
    except KeyError as missing:
        failed, name = run["failed"], str(missing.args[0])
        why = failed.get(name) or failed.get(_owner(name)) or failed.get("service")
        return Bar(promise, None, why or "it was not asked for")
    except TypeError:
        return Bar(promise, None, "it did not come to that")


def _owner(name: str) -> str:
    """The peer that a row is of."""
    return max((peer.name for peer in PEERS if name.startswith(peer.name)), key=len, default="")
