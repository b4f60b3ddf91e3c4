"""``make bench-acts``: where the time goes that an act takes beside its hash.

In one process, without a server and without its disk, so that nothing waits: milliseconds of
processor time, medians. *Warm* is an act right after others of its kind. *After a hash* is what
really happens. Whether it is the 19 MiB of argon2id that make it slower is seen from two others:
*after a pause* and *after PBKDF2*, which needs no memory, each as long as the hash. Flask's first
example with a form stands beside them.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import os
import pstats
import subprocess
import sys
import time
import timeit
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from functools import partial
from hashlib import pbkdf2_hmac
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from flask import Flask, request

from bench.seed import PASSWORD
from bench.servers import SERVER_CORE, environment
from vestibule.app import create_app
from vestibule.auth.hashing import Hasher
from vestibule.auth.schemes import Argon2id, verify

TURNS, FIRST_TURNS = 200, 30
# A temporary file system: what the disk takes is no matter of the processor.
MEMORY = Path("/dev/shm")  # noqa: S108
WARM, PAUSED, SUMMED, COLD = "warm", "after a pause", "after PBKDF2", "after a hash"
# Of PBKDF2, to see how many are as long as a hash.
ROUNDS = 10_000
LARGEST = 14
SITE = "site-packages/"


@dataclass
class Stopwatch:
    """Milliseconds of this thread by act, without what hashes take, and what was called in them."""

    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    profile: cProfile.Profile = field(default_factory=cProfile.Profile)
    hashing: float = 0.0

    def hash(self, work: Callable[[], object]) -> None:
        """Do this, and take its time for nobody's."""
        began = time.thread_time()
        work()
        self.hashing += time.thread_time() - began

    def time(self, act: str, work: Callable[[], Any], *, profiled: bool = False) -> Any:
        """Do this act, and note how long it took."""
        began, self.hashing = time.thread_time(), 0.0
        if profiled:
            self.profile.enable()
        answer = work()
        self.profile.disable()
        self.taken[act].append((time.thread_time() - began - self.hashing) * 1000)
        return answer


def main() -> None:
    """Measure where the time of acts goes, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.acts", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args()
    os.sched_setaffinity(0, {SERVER_CORE})
    found = measure()
    print(json.dumps(found, indent=2) if given.json else table(found))


def measure() -> dict[str, Any]:
    """Milliseconds by act, by what came before it; and, of a login, percent by package."""
    hashed = Argon2id().hash(PASSWORD)
    works = befores(lambda: verify(PASSWORD, hashed))
    found: dict[str, Any] = {}
    for name, work in works.items():
        watch = Stopwatch()
        with application(lambda: watch.hash(work), hashed) as app:  # noqa: B023
            live(app, watch, work)
        found[name] = {act: median(each[FIRST_TURNS:]) for act, each in watch.taken.items()}
    profiled = Stopwatch()
    with application(lambda: profiled.hash(works[COLD]), hashed) as app:
        live(app, profiled, works[COLD], profiled=True)
    found[f"{COLD}, of a login"] = by_package(profiled.profile)
    return found


def befores(hashing: Callable[[], object]) -> dict[str, Callable[[], object]]:
    """What comes before each act, and where it hashes; all but nothing take as long as a hash."""
    seconds = timed(hashing)
    rounds = round(ROUNDS * seconds / timed(lambda: pbkdf2_hmac("sha256", b"", b"", ROUNDS)))
    return {
        WARM: lambda: None,
        PAUSED: lambda: time.sleep(seconds),
        SUMMED: lambda: pbkdf2_hmac("sha256", b"", b"", rounds),
        COLD: hashing,
    }


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes, the median."""
    return median(timeit.repeat(work, number=1, repeat=FIRST_TURNS))


@contextmanager
def application(work: Callable[[], object], hashed: str) -> Iterator[Flask]:
    """The service on an empty database, where to hash is to do ``work``."""
    where = MEMORY if MEMORY.is_dir() else None
    with (
        TemporaryDirectory(prefix="vestibule-bench-", dir=where) as folder,
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stderr(nowhere),
        patch.object(Hasher, "hash", lambda *_: (work(), hashed)[1]),
        patch.object(Hasher, "verify", lambda *_: (work(), True)[1]),
    ):
        os.environ |= environment(Path(folder))
        upgrade = [sys.executable, "-m", "vestibule", "db", "upgrade"]
        subprocess.run(upgrade, check=True, capture_output=True)
        app = create_app(worker=False)
        yield app
        app.extensions["vestibule"].upkeep.close()


def live(
    app: Flask, watch: Stopwatch, work: Callable[[], object], *, profiled: bool = False
) -> None:
    """Have people come, stay and go, each from a place of their own, with ``work`` in between."""
    example = Flask("hello")
    example.post("/")(lambda: f"Hello, {request.form['email']}!")
    for turn in range(TURNS):
        fields = {"email": f"{turn}@example.com", "password": PASSWORD}
        here = partial(ask, app, f"10.{turn // 200}.{turn % 200}.7", fields)
        late = profiled and turn >= FIRST_TURNS
        work()
        watch.time("register", partial(here, "POST", "/users"))
        work()
        cookie = watch.time("log in", partial(here, "POST", "/sessions"), profiled=late)
        work()
        watch.time("log out", partial(here, "DELETE", "/sessions", cookie))
        work()
        watch.time("ask for a link", partial(here, "POST", "/reset_password"))
        work()
        watch.time("Flask's example", partial(ask, example, "", fields, "POST", "/"))


def ask(
    app: Flask, place: str, fields: dict[str, str], method: str, path: str, cookie: str = ""
) -> str:
    """Ask as a server does (PEP 3333), and return the cookies that came back."""
    body, told = urlencode(fields).encode(), list[Any]()

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        told.extend((status, headers))

    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": cookie,
        "REMOTE_ADDR": place,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    b"".join(app(environ, start))
    status, headers = told
    if status[:3] not in ("200", "302"):
        raise SystemExit(f"bench: {method} {path}: {status}")
    return "; ".join(value.partition(";")[0] for name, value in headers if name == "Set-Cookie")


def by_package(profile: cProfile.Profile) -> dict[str, float]:
    """Percent of the profiled time, by the package whose code took it; the largest."""
    taken: dict[str, float] = defaultdict(float)
    statistics: Any = pstats.Stats(profile)
    for (file, _, name), (_, _, own, _, _) in statistics.stats.items():
        # The hash itself is no part of it.
        if "_sodium" not in name:
            taken[_package(file, name)] += own
    whole = sum(taken.values())
    largest = sorted(taken.items(), key=lambda each: -each[1])[:LARGEST]
    return {package: round(100 * seconds / whole, 1) for package, seconds in largest}


def _package(file: str, name: str) -> str:
    if file == "~":
        return "SQLite" if "sqlite" in name else "Python itself"
    if SITE in file:
        return file.split(SITE)[1].partition("/")[0]
    if "/vestibule/" in file:
        return "vestibule/" + file.rpartition("/vestibule/")[2].partition("/")[0]
    return "the standard library"


def table(found: dict[str, Any]) -> str:
    """The same in columns."""
    columns = (WARM, PAUSED, SUMMED, COLD)
    lines = [f"{'':24}" + "".join(f"{name:>16}" for name in columns)]
    lines += [
        f"{act:24}" + "".join(f"{found[name][act]:>13.2f} ms" for name in columns)
        for act in found[WARM]
    ]
    lines += ["", f"Of a login {COLD}, by profile:"]
    lines += [f"{name:24}{part:>9.1f} %" for name, part in found[f"{COLD}, of a login"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
