"""``make bench-memory``: what the workers take, while people do everything for ten minutes.

Two workers with 100,000 made-up people. Four kinds of visitors at once: some check sessions as fast
as they can, others look around, log in and out, register, ask for links and follow nothing. What
counts is what a worker holds some seconds after a load, when what hashing took is given back: after
the first minute, and after the last.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import asking
from bench.growth import Place, make
from bench.load import WRK
from bench.seed import PASSWORD
from bench.servers import Server, started

PEOPLE, MINUTES, WORKERS = 100_000, 10.0, 2
SERVE = ("vestibule", "run", "--port", "PORT", "--workers", str(WORKERS))
# The first minute fills what is to be filled; then the same again and again.
WARM_SECONDS, REST_SECONDS, LOOK_SECONDS = 60, 8, 10
MEGABYTES, GROWTH = 90.0, 0.05
PAGES = ("/", "/reset_password", "/docs", "/openapi.json", "/readyz", "/static/forms.js")


def main() -> None:
    """Measure what workers take, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of sentences")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long after the first")
    given = parser.parse_args()
    if not WRK:
        print("bench: wrk is missing; on Debian: apt install wrk", file=sys.stderr)
        sys.exit(2)
    results = measure(given.minutes)
    print(json.dumps(results, indent=2) if given.json else table(results))


def measure(minutes: float = MINUTES) -> dict[str, Any]:
    """Megabytes of the largest worker: before, after the first minute, at the end, at most."""
    with TemporaryDirectory(prefix="vestibule-memory-") as work:
        place = Place(PEOPLE, Path(work))
        make(place)
        with started("vestibule", SERVE, place.folder) as server:
            seen = [resident(server)]
            begun = resident(server)
            _load(server, place, WARM_SECONDS, seen)
            warm = resident(server)
            _load(server, place, minutes * 60, seen)
            return {
                "minutes": minutes,
                "begun": begun,
                "warm": warm,
                "end": resident(server),
                "most": max(seen),
                "seen": [round(each, 1) for each in seen],
            }


def resident(server: Server) -> float:
    """Megabytes of the worker that holds most."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text("ascii").split()
    return max(_megabytes(worker) for worker in children)


def _megabytes(worker: str) -> float:
    lines = Path(f"/proc/{worker}/status").read_text("ascii").splitlines()
    (kilobytes,) = (int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return kilobytes / 1024


def _load(server: Server, place: Place, seconds: float, seen: list[float]) -> None:
    """Let visitors come for so long, then wait until what they took is given back."""
    ends = time.monotonic() + seconds
    visitors = [_checking, _looking, _logging_in, _registering]
    threads = [
        threading.Thread(target=_until, args=(ends, visit, server, place)) for visit in visitors
    ]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        time.sleep(min(LOOK_SECONDS, max(ends - time.monotonic(), 1)))
        seen.append(resident(server))
    time.sleep(REST_SECONDS)


def _until(
    ends: float, visit: Callable[[Server, Place], None], server: Server, place: Place
) -> None:
    while time.monotonic() < ends:
        visit(server, place)


def _checking(server: Server, place: Place) -> None:
    asking.checks(server.url, place.sessions, 5, random.choice(["/profile", "/sessions/verify"]))  # noqa: S311


def _looking(server: Server, place: Place) -> None:
    for path in ("/sessions", "/profile/activity", "/profile/export"):
        asking.milliseconds(server.url, asking.looks(path, place.sessions, 20))
    asking.milliseconds(server.url, asking.pages(PAGES))


def _logging_in(server: Server, place: Place) -> None:
    asking.milliseconds(server.url, asking.logins(PASSWORD, place.people * 9 // 10, 5))


def _registering(server: Server, place: Place) -> None:
    # Limits are as they are by default: most of this is refused after a while, like a flood.
    refused = {200, 204, 429, 503}
    asking.milliseconds(server.url, asking.registrations(1), refused)
    asking.milliseconds(server.url, asking.resets(place.people, 5), refused)
    time.sleep(0.5)


def table(results: dict[str, Any]) -> str:
    """In sentences, and whether the bars were reached."""
    end, growth = results["end"], results["end"] / results["warm"] - 1
    most = f"{results['warm']:.1f} after the first minute, {results['most']:.1f} at most"
    few, little = f"to reach: {MEGABYTES:.0f}", f"to reach: {GROWTH:.0%}"
    lines = (
        f"a worker holds {results['begun']:.1f} MB when it starts, {most}",
        f"at the end:  {end:.1f} MB  ({few}, {_said(end <= MEGABYTES)})",
        f"since the first minute:  {growth:+.1%}  ({little}, {_said(growth <= GROWTH)})",
    )
    return "\n".join(lines)


def _said(reached: bool) -> str:
    return "reached" if reached else "NOT REACHED"


if __name__ == "__main__":
    main()
