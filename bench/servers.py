"""The servers that are measured: each pinned to the first core, its log in a file."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
START_SECONDS, STOP_SECONDS = 30, 10
THIS_PYTHON = (sys.executable, "-m")
# What a name in the environment begins with that is of this process alone.
UNUSUAL = ("VESTIBULE_", "PYTHONDONTWRITEBYTECODE")


class Unusable(RuntimeError):
    """What was to be measured did not work; the text says why."""


class Server(NamedTuple):
    """A server that answers at ``url``."""

    url: str
    command: str
    pid: int

    def worker_memory(self) -> dict[str, float]:
        """Resident megabytes of its largest worker process: now, and the most there were.

        A server that has no other processes is its own worker.
        """
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        sizes = [_sizes(pid) for pid in children.split() or [str(self.pid)]]
        return {"now": max(now for now, _ in sizes), "peak": max(peak for _, peak in sizes)}


def _sizes(pid: str) -> tuple[float, float]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    sizes = {line.split()[0]: int(line.split()[1]) for line in lines if line.startswith("Vm")}
    return sizes["VmRSS:"] / 1024, sizes["VmHWM:"] / 1024


@contextmanager
def started(
    name: str,
    arguments: Sequence[str],
    work: Path,
    *,
    program: Sequence[str] = THIS_PYTHON,
    cores: Sequence[int] = (SERVER_CORE,),
    settings: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Server]:
    """A server whose log is in ``work``; ``PORT`` in an argument becomes a free port.

    :param program: what is run with the arguments: this Python unless said otherwise.
    :param settings: variables beside those of :func:`environment`.
    :raises Unusable: it does not answer.
    """
    port, log = str(_free_port()), work / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*pinned(*cores), *program, *(each.replace("PORT", port) for each in arguments)],
            env=environment(work) | dict(settings or {}),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A group of its own, so that no worker outlives it.
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await_answer(url, process, log)
        yield Server(url, typed(program, arguments, cores), process.pid)
    finally:
        _end(process)


def typed(program: Sequence[str], arguments: Sequence[str], cores: Sequence[int]) -> str:
    """What a person types to start it."""
    names = [Path(program[0]).name, *program[1:]]
    return shlex.join([*pinned(*cores), *names, *arguments])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def pinned(*cores: int) -> list[str]:
    """What puts a command on these cores alone."""
    return ["taskset", "-c", ",".join(map(str, cores))]


def environment(work: Path) -> dict[str, str]:
    """This process's, with the data in ``work`` and every other setting at its default.

    And as a server has it, whose modules were compiled when it was started for the first time.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(UNUSUAL)}
    return kept | {"VESTIBULE_DATA": str(work / "data")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise Unusable(f"{log.stem} did not start: {' '.join(last)}")
        time.sleep(0.01)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server.
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
