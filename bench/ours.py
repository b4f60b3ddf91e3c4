"""The service's own rows: logins, storms, what else a request costs, memory and start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import cycle, pairwise
from pathlib import Path
from secrets import token_hex
from statistics import median
from typing import Any

from bench import overheads, start
from bench.hashes import on_the_servers_core
from bench.logins import pace
from bench.plan import Plan
from bench.rows import Rows
from bench.seed import PASSWORD
from bench.servers import CLIENT_CORE, SERVER_CORE, Server, Unusable, started
from bench.stands import SQLITE, Stand
from bench.storm import storm, typical
from bench.watch import watching_with
from bench.wire import Line, request
from vestibule.auth.keys import Keys
from vestibule.auth.known_devices import KnownDevices
from vestibule.config import PREFIX, clock, load
from vestibule.db import DB
from vestibule.web.visitors import DEVICE_COOKIE

RUN = ("vestibule", "run", "--port", "PORT", "--workers")
HASH_SECONDS = 2.5
# Logins of a turn: as many as can be hashed in so many seconds, and at least a few.
TURN_SECONDS, FEWEST = 4, 8
# People who log in where they did before.
KNOWN = 1000
STARTS = 5
ONE = "one@example.com"
OK = 200
# How many there are in a storm, before which so many logins tell what can be hashed.
WORKERS, STORMY_LOGINS = (1, 2), 60


class Accounts:
    """The made-up accounts, each of which logs in once before the first one does again."""

    def __init__(self, many: int) -> None:
        self._many, self._next = many, 0

    def log_in(self, _: int) -> bytes:
        """The request of the next one."""
        self._next = self._next % self._many + 1
        return login(f"user{self._next}@example.com")


def login(email: str, *headers: str) -> bytes:
    """The request of a login."""
    return request("POST", "/sessions", *headers, email=email, password=PASSWORD)


def returning(standing: Stand, data: Path, many: int) -> Iterator[bytes]:
    """Requests of so many people, over and over, each on a device that the account knows.

    :param data: the server's data directory; the key that signs what devices keep is there.
    """
    own = {name.removeprefix(PREFIX).lower(): value for name, value in standing.settings.items()}
    settings = load(data=data, **own)
    db = DB(settings.database)
    devices = KnownDevices(db, clock, Keys.open(settings))
    with db.read() as tx:
        found = [tx.users.with_key(f"user{number}@example.com") for number in range(1, many + 1)]
    db.close()
    kept = [(user.email, devices.keep(user, token_hex(16), None)) for user in found if user]
    return cycle([login(email, f"Cookie: {DEVICE_COOKIE}={cookie}") for email, cookie in kept])


def check(standing: Stand) -> bytes:
    """A session check of somebody."""
    with standing.headers.open(encoding="ascii") as lines:
        return request("GET", "/profile", lines.readline().strip())


def served(work: Path, standing: Stand, workers: int = 1) -> AbstractContextManager[Server]:
    """The service as it comes: limits, logs, headers; a worker on the servers' core, or on each."""
    cores = (SERVER_CORE,) if workers == 1 else (SERVER_CORE, CLIENT_CORE)
    name, arguments = f"vestibule-{workers}", (*RUN, str(workers))
    return started(name, arguments, work, cores=cores, settings=standing.settings)


@contextmanager
def classic(work: Path) -> Iterator[Server]:
    """The classic profile, which hashes with bcrypt, and one account."""
    own = {"VESTIBULE_DATA": str(work / "classic"), "VESTIBULE_PROFILE": "classic"}
    with started("classic", (*RUN, "1"), work, settings=own) as server, Line(server.url) as line:
        answer = line.ask(request("POST", "/users", email=ONE, password=PASSWORD))
        if answer.status != OK:
            raise Unusable(f"a registration was answered with {answer.status}")
        yield server


def log_in(
    plan: Plan, rows: Rows, service: Server, standing: Stand, people: Accounts, work: Path
) -> None:
    """Logins a second, and in turns with them those of the bare loop of the same hash."""
    rows.say(f"logins and the bare loops of their hashes, {plan.login_rounds} turns")
    with rows.attempt("login"):
        again = returning(standing, work / "data", KNOWN)
        rows.found["login"] = _beside_the_loop(plan, "argon2id", service, lambda _: next(again))
        # Each of them has a mail written, too.
        strangers = pace(service.url, people.log_in, many=STORMY_LOGINS * 2)
        with watching_with(service.url, check(standing)) as watched:
            pace(service.url, people.log_in, many=STORMY_LOGINS)
        rows.found["login"] |= {
            "strangers_per_second": strangers.per_second,
            "check_p99_ms": watched.p99,
        }
        rows.commands["login"] = [service.command, "python -m bench.hashes --scheme argon2id"]
    if plan.database == SQLITE:
        with rows.attempt("login-classic"), classic(work) as server:
            rows.found["login-classic"] = _beside_the_loop(
                plan, "bcrypt", server, lambda _: login(ONE)
            )
            rows.commands["login-classic"] = [
                f"VESTIBULE_PROFILE=classic {server.command}",
                "python -m bench.hashes --scheme bcrypt",
            ]


def _beside_the_loop(
    plan: Plan, scheme: str, server: Server, words: Callable[[int], bytes]
) -> dict[str, Any]:
    """The medians of the turns; a turn is compared with the loops before and after it."""
    hashes, logins = [on_the_servers_core(scheme, HASH_SECONDS)], []
    many = max(FEWEST, round(hashes[0] * TURN_SECONDS))
    for _ in range(plan.login_rounds):
        logins.append(pace(server.url, words, many=many))
        hashes.append(on_the_servers_core(scheme, HASH_SECONDS))
    beside = [(one + other) / 2 for one, other in pairwise(hashes)]
    ratios = [each.per_second / hashed for each, hashed in zip(logins, beside, strict=True)]
    return {
        "per_second": median(each.per_second for each in logins),
        "hashes_per_second": median(hashes),
        "ratio": median(ratios),
        "turns": [round(ratio, 3) for ratio in ratios],
        "p50_ms": median(each.p50_ms for each in logins),
    }


def act(rows: Rows, service: Server, work: Path) -> None:
    """What registering, logging in and out and a reset cost beyond what they cannot do without."""
    rows.say("register, log out, reset: what they cost beyond their hashes and statements")
    with rows.attempt("overheads"):
        rows.found["overheads"] = overheads.measure(service.url, work / "data")
        rows.commands["overheads"] = [service.command, "python -m bench.overheads URL DATA"]


def begin(rows: Rows) -> None:
    """Seconds from the command to the first answer."""
    rows.say(f"{STARTS} starts")
    with rows.attempt("start"):
        rows.found["start"] = start.measure(STARTS)
        rows.commands["start"] = ["python -m bench.start"]


def weather(plan: Plan, rows: Rows, standing: Stand, people: Accounts, work: Path) -> None:
    """Session checks while ten times as many logins come in as can be hashed."""
    for workers in WORKERS:
        name = f"storm-{workers}"
        rows.say(f"a storm of logins, workers: {workers}")
        with rows.attempt(name), served(work, standing, workers) as server:
            can = pace(server.url, people.log_in, many=STORMY_LOGINS, at_once=8).per_second
            rows.found[name] = typical(
                storm(server.url, people.log_in, check(standing), can, plan.storm_seconds)
                for _ in range(plan.storm_rounds)
            )
            rows.commands[name] = [server.command]
