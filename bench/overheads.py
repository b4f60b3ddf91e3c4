"""What an act costs beyond what it cannot do without, in milliseconds.

To register, to log in and to set a new password cannot do without a hash; to log out and to ask for
a link cannot do without two statements, one that looks and one that writes, and the disk's word for
them. What an act cannot do without is measured after each, on the server's core. ``python -m
bench.overheads URL DATA`` prints it for a server that stands on SQLite in the directory DATA.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO, cast
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from bench.seed import PASSWORD
from bench.servers import SERVER_CORE, pinned
from vestibule.auth.schemes import Argon2id, verify
from vestibule.db.sqlite import open_engine

ROUNDS = 30
MAIL_SECONDS = 30
# In this order, each by everybody before the next: the act, and what it cannot do without.
FLOORS = {
    "register": "hash",
    "login": "hash",
    "log out": "statements",
    "reset request": "statements",
    "reset": "hash",
}
TOKEN = re.compile(r"token=([0-9a-f-]{36})")


def measure(url: str, data: Path, rounds: int = ROUNDS) -> dict[str, float]:
    """Milliseconds by act, the median: from the request to its answer, less what it needs.

    And ``hash`` and ``statements``, which is what was taken off.

    :param data: the server's data directory, where its mails are.
    """
    taken: dict[str, list[float]] = defaultdict(list)
    # Of a household each, as its network counts: the limits are met by none.
    visitors = [Visitor(url, f"127.{1 + n % 200}.{n // 200}.1") for n in range(rounds)]
    with floor() as least:

        def all_of_them(name: str, act: Callable[[Visitor], None]) -> None:
            needed = FLOORS[name]
            for visitor in visitors:
                visitor.arrive()
            for visitor in visitors:
                began = time.perf_counter()
                act(visitor)
                taken[name].append((time.perf_counter() - began) * 1000)
                taken[needed].append(least(needed))

        all_of_them("register", Visitor.register)
        all_of_them("login", Visitor.log_in)
        all_of_them("log out", Visitor.log_out)
        all_of_them("reset request", Visitor.ask)
        tokens = links(data / "mail", [visitor.email for visitor in visitors])
        all_of_them("reset", lambda visitor: visitor.reset(tokens[visitor.email]))
    found = {name: median(each) for name, each in taken.items()}
    return found | {name: found[name] - found[needed] for name, needed in FLOORS.items()}


class Visitor:
    """Somebody with an address, who asks from a place of their own."""

    def __init__(self, url: str, place: str) -> None:
        there = urlsplit(url)
        self._line = http.client.HTTPConnection(
            str(there.hostname), there.port, timeout=30, source_address=(place, 0)
        )
        self.email = f"{uuid4().hex}@example.com"
        self._cookie = ""

    def arrive(self) -> None:
        """Connect, which is no part of an act."""
        self._line.close()
        self._line.connect()

    def register(self) -> None:
        """Make an account."""
        self._ask("POST", "/users", email=self.email, password=PASSWORD)

    def log_in(self) -> None:
        """Open a session."""
        self._ask("POST", "/sessions", email=self.email, password=PASSWORD)

    def log_out(self) -> None:
        """End it."""
        self._ask("DELETE", "/sessions")

    def ask(self) -> None:
        """Ask for a link to choose another password."""
        self._ask("POST", "/reset_password", email=self.email)

    def reset(self, token: str) -> None:
        """Choose another, with the link."""
        fields = {"email": self.email, "reset_token": token, "new_password": PASSWORD + "!"}
        self._ask("PUT", "/reset_password", **fields)

    def _ask(self, method: str, path: str, **fields: str) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self._cookie}
        self._line.request(method, path, urlencode(fields), headers)
        answer = self._line.getresponse()
        said = answer.read()
        if answer.status not in (200, 302):
            raise SystemExit(f"bench: {method} {path}: {answer.status}: {said!r}")
        cookies = [value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie", [])]
        self._cookie = "; ".join(cookies) or self._cookie


def links(folder: Path, people: list[str]) -> dict[str, str]:
    """The tokens that were mailed to these people, as soon as all of them have one."""
    ends, found = time.monotonic() + MAIL_SECONDS, dict[str, str]()
    while found.keys() != set(people):
        if time.monotonic() > ends:
            raise SystemExit(f"bench: only {len(found)} of {len(people)} links in {folder}")
        time.sleep(0.2)
        for file in folder.glob("*.eml"):
            text = file.read_text(encoding="utf-8")
            to, token = re.search(r"^To: (\S+)", text, re.MULTILINE), TOKEN.search(text)
            if to and token and to[1] in people:
                found[to[1]] = token[1]
    return found


@contextmanager
def floor() -> Iterator[Callable[[str], float]]:
    """Measures the least, by its name, in a process of its own beside the server."""
    command = [*pinned(SERVER_CORE), sys.executable, "-m", "bench.overheads", "--floor"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        asked, told = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)

        def least(name: str) -> float:
            asked.write(f"{name}\n".encode())
            asked.flush()
            return float(told.readline())

        yield least
        asked.close()


def serve_floor() -> None:
    """Do what the lines of the standard input name, and print how many milliseconds each took."""
    hashed = Argon2id().hash(PASSWORD)
    with TemporaryDirectory(prefix="vestibule-bench-") as folder:
        file = Path(folder) / "floor.db"
        file.touch()
        cursor = open_engine(file).raw_connection().cursor()
        cursor.execute("CREATE TABLE sessions (id INTEGER PRIMARY KEY, digest TEXT UNIQUE)")

        def statements() -> None:
            digest = uuid4().hex
            cursor.execute("SELECT id FROM sessions WHERE digest = ?", (digest,))
            cursor.execute("INSERT INTO sessions (digest) VALUES (?)", (digest,))

        floors = {"hash": lambda: verify(PASSWORD, hashed), "statements": statements}
        for line in sys.stdin:
            began = time.perf_counter()
            floors[line.strip()]()
            print((time.perf_counter() - began) * 1000, flush=True)


def main() -> None:
    """Print what acts cost beyond what they cannot do without."""
    parser = argparse.ArgumentParser(prog="python -m bench.overheads", description=main.__doc__)
    parser.add_argument("url", nargs="?", help="where the server is")
    parser.add_argument("data", nargs="?", type=Path, help="its data directory")
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.floor:
        serve_floor()
    elif given.url and given.data:
        print(json.dumps(measure(given.url, given.data), indent=2))
    else:
        parser.error("say URL and DATA")


if __name__ == "__main__":
    main()
