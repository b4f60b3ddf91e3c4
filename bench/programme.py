"""The whole programme: what is started, and the order in which it is loaded.

Loads that are compared take turns, several times. Everything runs in a directory of its own, which
is gone at the end.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import ours
from bench.load import Job
from bench.machine import machine, versions
from bench.peers import PEERS, Peer, running
from bench.peers.installing import installed_version
from bench.plan import Plan
from bench.rows import Rows
from bench.servers import CLIENT_CORE, Server, started
from bench.stands import stand

# Beside the service, the least that Python can do there.
LIMITS = {
    "hello": ("bench.hello", "lanes", "PORT"),
    "hello-wsgi": ("bench.hello", "wsgi", "PORT"),
    "bare": ("bench.hello", "bare", "PORT"),
}
REST_SECONDS = 6


def measure(plan: Plan) -> dict[str, Any]:
    """Everything that was measured, by name; what failed, with its reason."""
    rows = Rows()
    ready = running.prepare(rows) if plan.peers else []
    rows.began = time.monotonic()
    # wrk, the other clients and the database server: all but the servers.
    os.sched_setaffinity(0, {CLIENT_CORE})
    with TemporaryDirectory(prefix="vestibule-bench-") as folder:
        _run(plan, rows, Path(folder), ready)
    rows.say("done")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "plan": plan._asdict(),
        "machine": machine(),
        "versions": versions()
        | ({p.package: installed_version(p) for p in PEERS} if ready else {}),
        "rows": rows.found,
        "failed": rows.failed,
        "commands": rows.commands,
    }


def _run(plan: Plan, rows: Rows, work: Path, ready: list[Peer]) -> None:
    with rows.attempt("service"), ExitStack() as stack:
        rows.say(f"filling {plan.database} with {plan.accounts:,} accounts")
        standing = stack.enter_context(stand(plan.database, work, plan.accounts))
        service = stack.enter_context(ours.served(work, standing))
        people = ours.Accounts(plan.accounts)
        others = running.start(rows, ready, work, stack)
        mine = [
            Job("profile", service, "/profile", standing.headers),
            Job("verify", service, "/sessions/verify", standing.headers),
        ]
        _read(plan, rows, [*mine, *_limits(rows, work, stack), *running.checks(others)])
        ours.log_in(plan, rows, service, standing, people, work)
        ours.act(rows, service, work)
        running.log_in(rows, others)
        _remember(rows, service)
        ours.weather(plan, rows, standing, people, work)
        running.weather(plan, rows, others)
    ours.begin(rows)


def _limits(rows: Rows, work: Path, stack: ExitStack) -> list[Job]:
    jobs = []
    for name, arguments in LIMITS.items():
        with rows.attempt(name):
            jobs.append(Job(name, stack.enter_context(started(name, arguments, work)), "/"))
    return jobs


def _read(plan: Plan, rows: Rows, jobs: list[Job]) -> None:
    """Load each for some seconds, in turns; once before for a second that does not count."""
    rows.say(f"session checks and hello worlds, {plan.rounds} turns of {plan.seconds} s each")
    for turn in range(plan.rounds + 1):
        for job in jobs:
            if job.name not in rows.failed:
                with rows.attempt(job.name):
                    job.run(plan.seconds) if turn else job.warm_up()
    for job in jobs:
        if job.name not in rows.failed:
            rows.found[job.name] = job.medians()
            rows.commands[job.name] = [job.server.command, job.command]


def _remember(rows: Rows, service: Server) -> None:
    """The memory of the worker that had these loads: at their end, at most, and seconds later."""
    with rows.attempt("memory"):
        ended = service.worker_memory()
        # Requests that were begun are still hashed, and their memory is given back soon after.
        time.sleep(REST_SECONDS)
        rested = service.worker_memory()["now"]
        rows.found["memory"] = {"rested": rested, "ended": ended["now"], "peak": ended["peak"]}
