"""``make bench``: start the servers, load them in turns, print the table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.load import WRK, Job
from bench.seed import PASSWORD, seed
from bench.servers import CLIENT_CORE, SERVER_CORE, Server, started
from vestibule.migrations import SQLITE_VERSION

ACCOUNTS = 100_000
ROUNDS = 5
SECONDS = 4
LOGIN_SECONDS = 5
CONNECTIONS = 16
LOGIN_CONNECTIONS = 8
# What this version has to reach.
RATIO = 0.45
MEGABYTES = 90.0


def main() -> None:
    """Measure and print."""
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
        variables = {"SESSIONS": f"{folder}/sessions"}
        jobs = [
            Job("hello", running["hello"], CONNECTIONS, SECONDS, {}),
            Job("profile", running["vestibule"], CONNECTIONS, SECONDS, variables),
            Job("hello-wsgi", running["hello-wsgi"], CONNECTIONS, SECONDS, {}),
        ]
        login = Job(
            "login", running["vestibule"], LOGIN_CONNECTIONS, LOGIN_SECONDS, {"PASSWORD": PASSWORD}
        )
        for job in (*jobs, login):
            job.run(1, counts=False)
        for _ in range(rounds):
            for job in jobs:
                job.run()
        for _ in range(2):
            login.run()
        memory = running["vestibule"].worker_memory()
    found = {job.name: job.medians() for job in (*jobs, login)}
    rate = found["profile"]["rps"]
    return found | {
        "ratio": {
            "hello": rate / found["hello"]["rps"],
            "hello-wsgi": rate / found["hello-wsgi"]["rps"],
        },
        "worker_megabytes": memory,
        "versions": versions(),
        "commands": {job.name: [job.server.command, job.command] for job in (*jobs, login)},
    }


@contextmanager
def servers(work: Path) -> Iterator[dict[str, Server]]:
    """Vestibule on a large database, and hello world in two ways: all there, taking turns."""
    environment = os.environ | {"VESTIBULE_DATA": str(work / "data")}
    upgrade = [sys.executable, "-m", "vestibule", "db", "upgrade"]
    subprocess.run(upgrade, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=60)
    ids = seed(work / "data" / "vestibule.db", ACCOUNTS)
    (work / "sessions").write_text("\n".join(ids), encoding="ascii")
    arguments = {
        "vestibule": ("vestibule", "run", "--port", "PORT", "--workers", "1"),
        "hello": ("bench.hello", "lanes", "PORT"),
        "hello-wsgi": ("bench.hello", "wsgi", "PORT"),
    }
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(started(name, given, work))
            for name, given in arguments.items()
        }


def versions() -> dict[str, str]:
    """Of everything that makes a difference."""
    wrk = subprocess.run([WRK, "-v"], check=False, capture_output=True, text=True, timeout=10)
    packages = ("vestibule", "flask", "werkzeug", "granian", "sqlalchemy", "argon2-cffi")
    return {
        "python": platform.python_version(),
        "sqlite": SQLITE_VERSION,
        "wrk": wrk.stdout.split()[1].removeprefix("debian/"),
        **{name: version(name) for name in packages},
    }


def table(results: dict[str, Any]) -> str:
    """The results for people."""
    rows = [
        ("Flask hello world, same server", "hello"),
        ("Flask hello world, granian WSGI", "hello-wsgi"),
        (f"GET /profile, {ACCOUNTS:,} sessions", "profile"),
        ("POST /sessions, argon2id", "login"),
    ]
    lines = [f"{'':<34}{'per second':>12}{'p50 ms':>9}{'p99 ms':>9}"]
    for title, name in rows:
        found = results[name]
        rate = f"{found['rps']:.1f}" if name == "login" else f"{found['rps']:.0f}"
        lines.append(f"{title:<34}{rate:>12}{found['p50_ms']:>9.1f}{found['p99_ms']:>9.1f}")
    ratio, memory = results["ratio"], results["worker_megabytes"]
    reach = f"(to reach: {RATIO}, {said(ratio['hello'] >= RATIO)})"
    ceiling = f"(to reach: {MEGABYTES:.0f}, {said(memory['now'] <= MEGABYTES)})"
    lines += [
        "",
        f"profile / hello world, same server: {ratio['hello']:.2f}  {reach}",
        f"profile / hello world, WSGI:        {ratio['hello-wsgi']:.2f}",
        f"worker MB after load: {memory['now']:.0f}, at most {memory['peak']:.0f}  {ceiling}",
        "",
        f"servers on core {SERVER_CORE}, wrk on core {CLIENT_CORE}; medians of several turns",
        ", ".join(f"{name} {number}" for name, number in results["versions"].items()),
    ]
    for served, load in results["commands"].values():
        lines += ["", f"$ {served}", f"$ {load}"]
    return "\n".join(lines)


def said(reached: bool) -> str:
    """In words."""
    return "reached" if reached else "NOT REACHED"


if __name__ == "__main__":
    main()
