"""People who are logged in and go on: session checks at a steady pace, by a process apart.

Each of them waits for an answer before asking again, as a page does. A server that stands still
is asked less often for it: what is found is rather too kind to it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from bench.wire import Line, Timed, request

PEOPLE, PACE = 4, 0.04
# Then they give up, and ask again.
PATIENCE_SECONDS = 10
OK = 200


@dataclass
class Watched:
    """What the checks took, in milliseconds, once they are over."""

    milliseconds: list[float] = field(default_factory=list)
    # Of checks that were answered with anything but 200, or not at all.
    wrong: int = 0

    @property
    def p99(self) -> float:
        """Ninety-nine in a hundred were faster."""
        return percentile(self.milliseconds, 99)


def percentile(values: list[float], percent: float) -> float:
    """The value that so many in a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@contextmanager
def watching(url: str, session_id: str) -> Iterator[Watched]:
    """Check this session a hundred times a second until the end of the block.

    :raises RuntimeError: a check was refused.
    """
    words = request("GET", "/profile", f"Cookie: session_id={session_id}")
    with watching_with(url, words) as watched:
        yield watched
    if watched.wrong:
        raise RuntimeError(f"{watched.wrong} session checks were not answered with 200")


@contextmanager
def watching_with(url: str, words: bytes) -> Iterator[Watched]:
    """Send these words a hundred times a second until the end of the block."""
    watched = Watched()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.watch", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin  # noqa: S101 - for mypy.
    assert process.stdout  # noqa: S101
    process.stdin.write(json.dumps(words.decode()) + "\n")
    try:
        if process.stdout.readline() != "began\n":
            raise RuntimeError("the session checks did not begin")
        yield watched
        process.stdin.close()
        found = json.loads(process.stdout.read())
        watched.milliseconds += [seconds * 1000 for _, seconds in found]
        watched.wrong += sum(status != OK for status, _ in found)
        process.wait(PATIENCE_SECONDS)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _check(url: str) -> None:
    words = json.loads(sys.stdin.readline()).encode()
    found: list[Timed] = []
    ended = threading.Event()
    people = [
        threading.Thread(
            target=_one_of_them,
            args=(Line(url, PATIENCE_SECONDS), words, number, found, ended),
            daemon=True,
        )
        for number in range(PEOPLE)
    ]
    for person in people:
        person.start()
    sys.stdout.write("began\n")
    sys.stdout.flush()
    sys.stdin.read()
    ended.set()
    for person in people:
        person.join(2 * PATIENCE_SECONDS)
    sys.stdout.write(json.dumps(found))


def _one_of_them(
    line: Line, words: bytes, number: int, found: list[Timed], ended: threading.Event
) -> None:
    due = time.perf_counter() + number * PACE / PEOPLE
    while not ended.wait(max(0, due - time.perf_counter())):
        began = time.perf_counter()
        answer = None
        with suppress(OSError):
            answer = line.ask(words)
        if answer is None:
            line.hang_up()
        found.append(answer or Timed(0, time.perf_counter() - began))
        due = max(due + PACE, time.perf_counter())


if __name__ == "__main__":
    _check(sys.argv[1])
