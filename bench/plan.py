"""What is measured, and for how long."""

from __future__ import annotations

from typing import NamedTuple

from bench.stands import SQLITE


class Plan(NamedTuple):
    """What is measured, and for how long; the defaults keep ``make bench`` under five minutes."""

    database: str = SQLITE
    peers: bool = False
    accounts: int = 1_000_000
    # Turns of the session checks, and how long each job has in one.
    rounds: int = 5
    seconds: int = 3
    login_rounds: int = 3
    storm_rounds: int = 2
    storm_seconds: float = 6.0
