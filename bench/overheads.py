"""What an act costs beyond what it cannot do without, in milliseconds.

To register, to log in and to set a new password cannot do without a hash; to log out and to ask for
a link cannot do without two statements, one that looks and one that writes, and the disk's word for
them. What an act cannot do without is measured after each, on the server's core. ``python -m
bench.overheads URL DATA`` prints it for a server that stands on SQLite in the directory DATA.
"""

from __future__ import annotations

import argparse
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
from uuid import uuid4

from bench.seed import PASSWORD
from bench.servers import SERVER_CORE, pinned
from bench.wire import Line, request
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
COOKIE = re.compile(rb"\r\nset-cookie: *([^;\r]+)", re.IGNORECASE)
TOKEN = re.compile(r"token=([0-9a-f-]{36})")


def measure(url: str, data: Path, rounds: int = ROUNDS) -> dict[str, float]:
    """Milliseconds by act, the median: from the request to its answer, less what it needs.

    And ``hash`` and ``statements``, which is what was taken off.

    :param data: the server's data directory, where its mails are.
    """
    taken: dict[str, list[float]] = defaultdict(list)
    # Each comes from an address of its own: the limits are met by none.
    visitors = [Visitor(url) for _ in range(rounds)]
    with floor() as least:

        def all_of_them(name: str, words: Callable[[Visitor], bytes]) -> None:
            needed = FLOORS[name]
            for visitor in visitors:
                taken[name].append(visitor.send(words(visitor)))
                taken[needed].append(least(needed))

        all_of_them("register", Visitor.register)
        all_of_them("login", Visitor.log_in)
        all_of_them("log out", Visitor.log_out)
        all_of_them("reset request", Visitor.ask_for_link)
        tokens = links(data / "mail", [visitor.email for visitor in visitors])
        all_of_them("reset", lambda visitor: visitor.reset(tokens[visitor.email]))
    found = {name: median(each) for name, each in taken.items()}
    return found | {name: found[name] - found[needed] for name, needed in FLOORS.items()}


class Visitor:
    """Somebody with an address, on a line of their own; each method is the bytes of a request."""

    def __init__(self, url: str) -> None:
        self.email = f"{uuid4().hex}@example.com"
        self._line = Line(url)
        self._cookie = ""

    def register(self) -> bytes:
        """Make an account."""
        return request("POST", "/users", email=self.email, password=PASSWORD)

    def log_in(self) -> bytes:
        """Open a session."""
        return request("POST", "/sessions", email=self.email, password=PASSWORD)

    def log_out(self) -> bytes:
        """End it."""
        return request("DELETE", "/sessions", f"Cookie: {self._cookie}")

    def ask_for_link(self) -> bytes:
        """Ask for a link to choose another password."""
        return request("POST", "/reset_password", email=self.email)

    def reset(self, token: str) -> bytes:
        """Choose another, with the link."""
        fields = {"email": self.email, "reset_token": token, "new_password": PASSWORD + "!"}
        return request("PUT", "/reset_password", **fields)

    def send(self, words: bytes) -> float:
        """Send one of them, and say how many milliseconds the answer took."""
        answer = self._line.ask(words)
        if answer.status not in (200, 302):
            raise SystemExit(f"bench: {answer.status} to {words.partition(b' HTTP')[0]!r}")
        cookie = COOKIE.search(self._line.head)
        self._cookie = cookie[1].decode() if cookie else self._cookie
        return answer.seconds * 1000


def links(folder: Path, people: list[str]) -> dict[str, str]:
    """The tokens that were mailed to these people, as soon as all of them have one."""
    ends, found = time.monotonic() + MAIL_SECONDS, dict[str, str]()
    while found.keys() != set(people):
        if time.monotonic() > ends:
            raise SystemExit(f"bench: only {len(found)} of {len(people)} links in {folder}")
        time.sleep(0.2)
        # Those that are still being written have a name with a dot before it.
        for file in folder.glob("[!.]*.eml"):
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
