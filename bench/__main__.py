"""``make bench``: start the servers, load them in turns, print the table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.load import WRK, Job
from bench.report import table, versions
from bench.seed import PASSWORD, seed
from bench.servers import Server, environment, started

ACCOUNTS = 100_000
ROUNDS = 5
SECONDS = 4
LOGIN_ROUNDS = 2
LOGIN_SECONDS = 5
REST_SECONDS = 6
CONNECTIONS = 16
LOGIN_CONNECTIONS = 8
SERVERS = {
    "vestibule": ("vestibule", "run", "--port", "PORT", "--workers", "1"),
    "hello": ("bench.hello", "lanes", "PORT"),
    "hello-wsgi": ("bench.hello", "wsgi", "PORT"),
    "bare": ("bench.hello", "bare", "PORT"),
}


def main() -> None:
    """Measure how fast the service is, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each load runs")
    given = parser.parse_args()
    if not WRK:
        print("bench: wrk is missing; on Debian: apt install wrk", file=sys.stderr)
        sys.exit(2)
    results = measure(given.rounds)
    print(json.dumps(results, indent=2) if given.json else table(results))


def measure(rounds: int) -> dict[str, Any]:
    """Everything that was measured, by name."""
    with TemporaryDirectory(prefix="vestibule-bench-") as folder, servers(Path(folder)) as running:
        *reading, login = every = jobs(running, f"{folder}/sessions")
        for job in every:
            job.warm_up()
        for _ in range(rounds):
            for job in reading:
                job.run()
        for _ in range(LOGIN_ROUNDS):
            login.run()
        memory = running["vestibule"].worker_memory()
        # Requests that were begun are still hashed, and their memory is given back soon after.
        time.sleep(REST_SECONDS)
        memory["rested"] = running["vestibule"].worker_memory()["now"]
    return summary(every) | {"worker_megabytes": memory}


def jobs(running: dict[str, Server], sessions: str) -> list[Job]:
    """The loads, the login last."""
    service = running["vestibule"]
    return [
        Job("hello", running["hello"], CONNECTIONS, SECONDS, {}),
        Job("profile", service, CONNECTIONS, SECONDS, {"SESSIONS": sessions}),
        Job("verify", service, CONNECTIONS, SECONDS, {"SESSIONS": sessions}),
        Job("hello-wsgi", running["hello-wsgi"], CONNECTIONS, SECONDS, {}),
        Job("bare", running["bare"], CONNECTIONS, SECONDS, {}),
        Job("login", service, LOGIN_CONNECTIONS, LOGIN_SECONDS, {"PASSWORD": PASSWORD}),
    ]


def summary(every: list[Job]) -> dict[str, Any]:
    """The medians, their ratios, and what they depend on."""
    found: dict[str, Any] = {job.name: job.medians() for job in every}
    rates = {name: each["rps"] for name, each in found.items()}
    return found | {
        "ratio": {
            f"{one} / {other}": rates[one] / rates[other]
            for one, other in (("profile", "hello"), ("profile", "hello-wsgi"), ("verify", "bare"))
        },
        "accounts": ACCOUNTS,
        "versions": versions(),
        "commands": {job.name: [job.server.command, job.command] for job in every},
    }


@contextmanager
def servers(work: Path) -> Iterator[dict[str, Server]]:
    """Vestibule on a large database, and hello world in three ways: all there, taking turns."""
    upgrade = [sys.executable, "-m", "vestibule", "db", "upgrade"]
    quiet = subprocess.DEVNULL
    subprocess.run(upgrade, env=environment(work), stdout=quiet, check=True, timeout=60)
    ids = seed(work / "data" / "vestibule.db", ACCOUNTS)
    (work / "sessions").write_text("\n".join(ids), encoding="ascii")
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(started(name, arguments, work))
            for name, arguments in SERVERS.items()
        }


if __name__ == "__main__":
    main()
