"""``make bench-growth``: what becomes dearer when there are more people.

Databases of 10,000, 100,000 and 1,000,000 made-up people (with ``--most`` of 10,000,000 too), a
server of one worker on each. All are there at the same time and are asked in turns, so that the
ratios hold on a machine whose speed drifts; they are pinned to the first core and asked from the
second.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from operator import truediv
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench import asking
from bench.hashes import on_the_servers_core
from bench.keeping import kept_in_memory
from bench.load import WRK
from bench.seed import PASSWORD
from bench.servers import SERVER_CORE, Server, environment, pinned, started

SIZES, MOST = (10_000, 100_000, 1_000_000), 10_000_000
DRAWN, IN_USE_MINUTES = 1_000_000, 600
ROUNDS, SECONDS = 5, 3
CHECK = "/profile"
LOGINS, REGISTRATIONS, LOOKS = 8, 6, 200
SERVE = ("vestibule", "run", "--port", "PORT", "--workers", "1")
# The most people of whom an upgrade is timed: the way back to what is upgraded takes much longer.
STEPPED = 1_000_000
# What `make bench` says of the largest: the same as of the smallest, or nearly.
BAR = 0.8
HEADINGS = {
    "people": "{:,.0f}",
    "checks/s": "{:,.0f}",
    "of the first": "{:.2f}",
    "CPU us": "{:.0f}",
    "disk KB": "{:.1f}",
    "login +ms": "{:.1f}",
    "register +ms": "{:.1f}",
    "sessions ms": "{:.1f}",
    "activity ms": "{:.1f}",
    "sweep ms": "{:.1f}",
    "audit sweep ms": "{:.1f}",
    "start s": "{:.2f}",
    "backup s": "{:.1f}",
    "newest step s": "{:.1f}",
    "all steps s": "{:.1f}",
    "seed s": "{:.0f}",
    "bytes each": "{:.0f}",
}


@dataclass
class Place:
    """A database of so many people, and what was measured on it."""

    people: int
    folder: Path
    seed_seconds: float = 0.0
    server: Server | None = None
    start_seconds: float = 0.0
    turns: dict[str, list[float]] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The database."""
        return self.folder / "data" / "vestibule.db"

    @property
    def sessions(self) -> Path:
        """The ids that were drawn."""
        return self.folder / "sessions"

    def note(self, name: str, value: float) -> None:
        """Keep what was measured in one turn."""
        self.turns.setdefault(name, []).append(value)

    def middle(self, name: str) -> float:
        """The median of the turns."""
        return median(self.turns[name])


def main() -> None:
    """Measure what becomes dearer when there are more people, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--most", action="store_true", help="10,000,000 as well: 10 GB of disk")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each is asked")
    parser.add_argument("--folder", type=Path, help="keep databases here, and use them again")
    given = parser.parse_args()
    if not WRK:
        print("bench: wrk is missing; on Debian: apt install wrk", file=sys.stderr)
        sys.exit(2)
    sizes = (*SIZES, MOST) if given.most else SIZES
    results = measure(sizes, given.rounds, given.folder)
    print(json.dumps(results, indent=2) if given.json else table(results))


def measure(
    sizes: Sequence[int] = SIZES, rounds: int = ROUNDS, folder: Path | None = None
) -> dict[str, Any]:
    """A row for each size, with the names of ``HEADINGS``; milliseconds of the hash alone."""
    with TemporaryDirectory(prefix="vestibule-growth-") as work:
        places = [Place(each, (folder or Path(work)) / str(each)) for each in sizes]
        for place in places:
            make(place)
        with ExitStack() as stack:
            for place in places:
                stack.enter_context(kept_in_memory(place.file))
                stack.enter_context(_serving(place))
            hash_ms = _rounds(places, rounds)
        for place in places:
            _change_a_copy(place, Path(work) / "copy")
        return {"hash_ms": hash_ms, "rows": [_row(each, places[0], hash_ms) for each in places]}


def make(place: Place) -> None:
    """Make the people, unless they were made before; how long it took is kept beside them."""
    took = place.folder / "seconds"
    if took.exists():
        place.seed_seconds = float(took.read_text(encoding="ascii"))
        return
    place.folder.mkdir(parents=True, exist_ok=True)
    _vestibule(place, "db", "upgrade")
    drawn = ("--sessions", str(place.sessions), "--most", str(DRAWN))
    seed = ("bench", "seed", str(place.people), *drawn, "--in-use", str(IN_USE_MINUTES))
    began = time.perf_counter()
    _vestibule(place, *seed, "--password-stdin", told=f"{PASSWORD}\n")
    place.seed_seconds = time.perf_counter() - began
    took.write_text(str(place.seed_seconds), encoding="ascii")


@contextmanager
def _serving(place: Place) -> Iterator[None]:
    began = time.perf_counter()
    with started("vestibule", SERVE, place.folder) as place.server:
        place.start_seconds = time.perf_counter() - began
        yield
    place.server = None


def _rounds(places: list[Place], rounds: int) -> float:
    """Ask all of them in turns; the milliseconds of a hash meanwhile."""
    for place in places:
        # It fills caches, as the first minute of a service does.
        asking.checks(_at(place).url, place.sessions, SECONDS, CHECK)
    hashes = []
    for _ in range(rounds):
        # One right after the other: these are compared with each other.
        for place in places:
            _check(place)
        for place in places:
            _ask(place)
        hashes.append(1000 / on_the_servers_core(seconds=1.0))
    return median(hashes)


def _at(place: Place) -> Server:
    assert place.server, "it is not started"  # noqa: S101 - or there is nothing to measure.
    return place.server


def _check(place: Place) -> None:
    """Note how fast session checks are, and what each takes of the processor and the disk."""
    server = _at(place)
    before = _used(server)
    rate = asking.checks(server.url, place.sessions, SECONDS, CHECK)
    cpu, disk = (now - then for now, then in zip(_used(server), before, strict=True))
    place.note("checks/s", rate)
    place.note("CPU us", cpu * 1_000_000 / rate / SECONDS)
    place.note("disk KB", disk / 1024 / rate / SECONDS)


def _ask(place: Place) -> None:
    """Note how long everything else takes."""
    url = _at(place).url
    logins = asking.logins(PASSWORD, place.people * 9 // 10, LOGINS)
    place.note("login", asking.milliseconds(url, logins))
    place.note("register", asking.milliseconds(url, asking.registrations(REGISTRATIONS)))
    for name, path in (("sessions", "/sessions"), ("activity", "/profile/activity")):
        looks = asking.looks(path, place.sessions, LOOKS)
        place.note(f"{name} ms", asking.milliseconds(url, looks))


def _used(server: Server) -> tuple[float, int]:
    """Seconds of processor time that the worker took so far, and bytes that it had from disk."""
    (worker,) = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text("ascii").split()
    ticks = Path(f"/proc/{worker}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    lines = Path(f"/proc/{worker}/io").read_text("ascii").splitlines()
    (disk,) = (int(line.split()[1]) for line in lines if line.startswith("read_bytes"))
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), disk


def _change_a_copy(place: Place, copy: Path) -> None:
    """Note what a copy takes, with which every upgrade begins; sweep it, then upgrade it."""
    (copy / "data").mkdir(parents=True)
    shutil.copy(place.file.with_name("secret.keys"), copy / "data")
    began = time.perf_counter()
    _vestibule(place, "db", "backup", str(copy / "data" / place.file.name))
    place.note("backup s", time.perf_counter() - began)
    modules = ["bench.sweeps"]
    if place.people <= STEPPED:
        modules.append("bench.steps")
    for module in modules:
        ended = subprocess.run(
            [*pinned(SERVER_CORE), sys.executable, "-m", module],
            env=environment(copy),
            stdout=subprocess.PIPE,
            check=True,
            timeout=3600,
        )
        for name, value in json.loads(ended.stdout).items():
            place.note(name, value)
    shutil.rmtree(copy)


def _vestibule(place: Place, *arguments: str, told: str = "") -> None:
    subprocess.run(
        [sys.executable, "-m", "vestibule", *arguments],
        env=environment(place.folder),
        input=told.encode(),
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=3600,
    )


def _row(place: Place, least: Place, hash_ms: float) -> dict[str, float]:
    measured = {name: place.middle(name) for name in HEADINGS if name in place.turns}
    return measured | {
        "people": place.people,
        # Turn by turn: the machine is a faster one in some of them.
        "of the first": median(map(truediv, place.turns["checks/s"], least.turns["checks/s"])),
        "login +ms": place.middle("login") - hash_ms,
        "register +ms": place.middle("register") - hash_ms,
        "start s": place.start_seconds,
        "seed s": place.seed_seconds,
        "bytes each": place.file.stat().st_size / place.people,
    }


def cell(row: dict[str, float], name: str, form: str) -> str:
    """What a row says below a heading."""
    return form.format(row[name]) if name in row else "-"


def table(results: dict[str, Any]) -> str:
    """The rows for people, and whether the bar was reached."""
    lines = ["".join(f"{name:>15}" for name in HEADINGS)]
    for row in results["rows"]:
        cells = (cell(row, *heading) for heading in HEADINGS.items())
        lines.append("".join(f"{cell:>15}" for cell in cells))
    last = results["rows"][-1]
    said = "reached" if last["of the first"] >= BAR else "NOT REACHED"
    lines += [
        f"the last of the first: {last['of the first']:.2f}  (to reach: {BAR:.2f}, {said})",
        "CPU us and disk KB are of one check; from disk comes what is not in memory",
        f"+ms is what a request takes beside its hash of {results['hash_ms']:.1f} ms",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
