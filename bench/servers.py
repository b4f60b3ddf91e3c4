"""The servers that are measured: each pinned to the first core, its log in a file."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
START_SECONDS = 30


class Server(NamedTuple):
    """A server that answers at ``url``."""

    url: str
    command: str
    pid: int

    def worker_memory(self) -> dict[str, float]:
        """Resident megabytes of its one worker process: now, and the most there were."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        (worker,) = children.split()
        lines = Path(f"/proc/{worker}/status").read_text(encoding="ascii").splitlines()
        sizes = {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("Vm")}
        return {"now": sizes["VmRSS:"] / 1024, "peak": sizes["VmHWM:"] / 1024}


@contextmanager
def started(name: str, arguments: Sequence[str], work: Path) -> Iterator[Server]:
    """A server of this Python; an argument ``PORT`` becomes a free port."""
    port = str(_free_port())
    filled = [port if argument == "PORT" else argument for argument in arguments]
    with (work / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*pinned(SERVER_CORE), sys.executable, "-m", *filled],
            env=environment(work),
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await_answer(url, process, work / f"{name}.log")
        yield Server(
            url, shlex.join([*pinned(SERVER_CORE), "python", "-m", *arguments]), process.pid
        )
    finally:
        process.terminate()
        process.wait(60)


def pinned(core: int) -> list[str]:
    """What puts a command on this core alone."""
    return ["taskset", "-c", str(core)]


def environment(work: Path) -> dict[str, str]:
    """This process's, with the data in ``work`` and every other setting at its default."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VESTIBULE_")}
    return kept | {"VESTIBULE_DATA": str(work / "data")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server.
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"bench: no answer from {url}:\n{log.read_text()}") from None
            time.sleep(0.05)
