"""Somebody who is logged in and goes on: session checks at a steady pace, by a process apart."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.measured.wire import Line, request

PACE = 0.01


@dataclass
class Watched:
    """What the checks took, in milliseconds, once they are over."""

    milliseconds: list[float] = field(default_factory=list)

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
    """Check this session a hundred times a second until the end of the block."""
    watched = Watched()
    command = [sys.executable, "-m", "tests.measured.checks", url]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{session_id}\n")
    assert process.stdout.readline() == "began\n"
    try:
        yield watched
        process.stdin.close()
        watched.milliseconds += json.loads(process.stdout.read())
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _check(url: str) -> None:
    words = request("GET", "/profile", f"Cookie: session_id={sys.stdin.readline().strip()}")
    lines = [Line(url) for _ in range(4)]

    sys.stdout.write("began\n")
    sys.stdout.flush()
    taken: list[float] = []
    due = time.perf_counter()
    while not select.select([sys.stdin], [], [], max(0, due - time.perf_counter()))[0]:
        answer = lines[len(taken) % len(lines)].ask(words)
        assert answer.status == 200, answer
        taken.append(answer.seconds * 1000)
        due = max(due + PACE, time.perf_counter())
    sys.stdout.write(json.dumps(taken))


if __name__ == "__main__":
    _check(sys.argv[1])
