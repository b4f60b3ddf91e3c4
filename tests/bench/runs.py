"""Runs of the bench as they could have been."""

from __future__ import annotations

from typing import Any

from bench.plan import Plan

RATES = {"profile": 7000.0, "verify": 16_000.0, "hello": 8600.0, "hello-wsgi": 8800.0}
PEERS = {"flask-security": 558.0, "better-auth": 563.0, "better-auth-faster": 1471.0}


def storm(p99: float) -> dict[str, Any]:
    """A storm in which checks took so long."""
    answered = {"200": 200, "503": 1800}
    counts = {"logins": 2000, "unanswered": 0, "answered": answered}
    return {"p50_ms": 1.0, "p99_ms": p99, "refused_p99_ms": 12.0, **counts}


def run(*, peers: bool = False, **changed: Any) -> dict[str, Any]:
    """A run that reached every bar, but for rows that are changed; ``None`` takes one away."""
    rates = RATES | {"bare": 40_000.0} | (PEERS if peers else {})
    rows: dict[str, Any] = {
        **{name: {"rps": rate, "p50_ms": 1.0, "p99_ms": 4.0} for name, rate in rates.items()},
        "login": {"per_second": 39.0, "hashes_per_second": 39.5, "ratio": 0.987},
        "login-classic": {"per_second": 4.0, "hashes_per_second": 4.05, "ratio": 0.988},
        "storm-1": storm(15.0),
        "storm-2": storm(18.0),
        "overheads": {"register": 1.5, "log out": 0.5, "reset request": 1.9, "reset": 1.2},
        "start": {"start": 0.8, "import": 0.5, "python": 0.02},
        "memory": {"rested": 71.0, "peak": 109.0},
    }
    if peers:
        memory = {"after_checks_mb": 60.0, "peak_mb": 120.0}
        rows["flask-security-login"] = {"per_second": 4.9, **memory}
        rows["better-auth-storm"] = storm(346.0)
    changes = {name.replace("_", "-"): row for name, row in changed.items()}
    return {
        "date": "2026-11-21",
        "plan": Plan(peers=peers)._asdict(),
        "machine": {"processor": "a processor", "memory": "24 GiB"},
        "versions": {"python": "3.12.1"},
        "rows": {name: row for name, row in (rows | changes).items() if row is not None},
        "failed": {},
        "commands": {},
    }
