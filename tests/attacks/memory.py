"""How much memory the processes of a server hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stage.server import Server

# What the allocator and the interpreter move by in any case, for each process.
PLAY = 24 * 1024


def resident(server: Server) -> dict[int, int]:
    """The memory of each worker process in KiB."""
    held = {}
    for pid in server.workers():
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found, status
        held[pid] = int(found[1])
    return held


@contextmanager
def flat(server: Server, play: int = PLAY) -> Iterator[None]:
    """Fail if a worker holds more afterwards, by so many KiB, or is another."""
    before = resident(server)
    yield
    after = resident(server)
    assert after.keys() == before.keys(), "a worker died"
    grown = {pid: after[pid] - before[pid] for pid in before}
    assert max(grown.values()) <= play, grown
