"""What the bench found, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bench.bars import Bar, bars, said
from bench.peers import PEERS
from bench.servers import CLIENT_CORE, SERVER_CORE

Run = dict[str, Any]
CHECKS = {
    "hello": "Flask hello world, same server",
    "hello-wsgi": "Flask hello world, granian WSGI",
    "bare": "bare WSGI, granian WSGI",
    "profile": "Vestibule: GET /profile",
    "verify": "Vestibule: GET /sessions/verify",
    **{peer.name: peer.title for peer in PEERS},
    "better-auth-faster": "Better Auth, Node: a route of one's own",
}
LOGINS = {
    "login": ("Vestibule, strict", "argon2id, 19 MiB, t=2, p=1"),
    "login-classic": ("Vestibule, classic", "bcrypt, cost 12"),
    **{f"{peer.name}-login": (peer.title, peer.hashing) for peer in PEERS},
}
STORMS = {
    "storm-1": "Vestibule, one worker",
    "storm-2": "Vestibule, two workers on two cores",
    **{f"{peer.name}-storm": peer.title for peer in PEERS},
}
FLOORS = {"hash": "the hash itself", "statements": "two statements themselves"}
STARTS = {
    "start": "from the command to the first answer",
    "import": "of that, importing",
    "python": "an empty Python",
}
Cells = tuple[str, ...]


def checks(run: Run) -> Iterator[Cells]:
    """Session checks, and what they are compared with: requests a second, milliseconds."""
    for name, title in CHECKS.items():
        if row := run["rows"].get(name):
            yield title, f"{row['rps']:,.0f}", f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}"


def logins(run: Run) -> Iterator[Cells]:
    """Logins a second, by which hash; what the bare loop did, and how long checks took then."""
    for name, (title, hashing) in LOGINS.items():
        if row := run["rows"].get(name):
            loop = said(row["hashes_per_second"]) if "hashes_per_second" in row else ""
            late = said(row["check_p99_ms"]) if "check_p99_ms" in row else ""
            yield title, hashing, said(row["per_second"]), loop, late
            if "strangers_per_second" in row:
                yield f"{title}, new devices", hashing, said(row["strangers_per_second"]), "", ""


def storms(run: Run) -> Iterator[Cells]:
    """Session checks in a storm, and what became of the logins."""
    for name, title in STORMS.items():
        if row := run["rows"].get(name):
            answered = row["answered"]
            refused = sum(answered.get(status, 0) for status in ("429", "503"))
            done = sum(answered.get(status, 0) for status in ("200", "204"))
            late = "-" if row["refused_p99_ms"] is None else said(row["refused_p99_ms"])
            counts = (f"{each:,}" for each in (row["logins"], done, refused, row["unanswered"]))
            yield title, said(row["p50_ms"]), said(row["p99_ms"]), *counts, late


def overheads(run: Run) -> Iterator[Cells]:
    """What an act costs beyond what it cannot do without; and what that costs."""
    row = run["rows"].get("overheads", {})
    for name, milliseconds in row.items():
        yield FLOORS.get(name, name), said(milliseconds)


def memory(run: Run) -> Iterator[Cells]:
    """Megabytes of a worker after the session checks, and the most there were."""
    if row := run["rows"].get("memory"):
        yield "Vestibule", said(row["rested"]), said(row["peak"])
    for peer in PEERS:
        if row := run["rows"].get(f"{peer.name}-login"):
            yield peer.title, said(row["after_checks_mb"]), said(row["peak_mb"])


def starts(run: Run) -> Iterator[Cells]:
    """Seconds to the first answer, and what takes them."""
    row = run["rows"].get("start", {})
    for name, title in STARTS.items():
        if name in row:
            yield title, said(row[name])


def promises(run: Run) -> Iterator[Cells]:
    """What is to be reached."""
    return judged(bars(run))


def judged(found: Iterable[Bar]) -> Iterator[Cells]:
    """A line for each bar."""
    return ((bar.promise.job, bar.bound, bar.value, bar.verdict) for bar in found)


def failures(run: Run) -> Iterator[Cells]:
    """What could not be measured, and why."""
    titles = {peer.name: peer.title for peer in PEERS}
    for name, reason in run["failed"].items():
        yield titles.get(name, name), reason


SECTIONS = {
    "session checks": (checks, ("", "per second", "p50 ms", "p99 ms")),
    "logins": (logins, ("", "hash", "per second", "bare loop", "check p99 ms")),
    "storms of logins": (
        storms,
        ("", "check p50 ms", "p99 ms", "logins", "done", "refused", "unanswered", "refused p99 ms"),
    ),
    "acts, beyond what they need": (overheads, ("", "p50 ms")),
    "memory of a worker": (memory, ("", "MB after load", "MB at most")),
    "starts": (starts, ("", "seconds")),
    "to reach": (promises, ("", "bar", "found", "")),
    "NOT MEASURED": (failures, ("", "reason")),
}


def table(run: Run) -> str:
    """Everything: what was found, what was to be reached, and how to repeat it."""
    parts = [
        "\n".join(aligned([(title, *heads[1:]), *found]))
        for title, (make, heads) in SECTIONS.items()
        if (found := list(make(run)))
    ]
    return "\n\n".join([*parts, circumstances(run)])


def aligned(rows: list[Cells]) -> Iterator[str]:
    """Lines whose columns stand below each other: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if number == 0 or _wordy(rows, number) else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _wordy(rows: list[Cells], column: int) -> bool:
    return any(len(row[column]) > 14 for row in rows[1:])


def circumstances(run: Run) -> str:
    """What it depends on."""
    plan, versions = run["plan"], run["versions"].items()
    on = f"{plan['accounts']:,} accounts and sessions on {plan['database']}"
    cores = f"servers on core {SERVER_CORE}, clients on core {CLIENT_CORE}"
    return "\n".join(
        [
            f"{run['date']}, {on}; {cores}; medians of {plan['rounds']} turns",
            ", ".join(run["machine"].values()),
            ", ".join(f"{name} {number}" for name, number in versions),
        ]
    )
