"""Real commands and real servers, started for one test and ended with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.stage import secrecy

VESTIBULE = (str(Path(sys.executable).with_name("vestibule")),)
# Generous: the machine may be busy with other tests. Nothing waits longer than it needs to.
START_SECONDS = 30
STOP_SECONDS = 30
COMMAND_SECONDS = 60


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with these settings and no other ``VESTIBULE_*``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VESTIBULE_")}
    # Colours would be codes in the output.
    return kept | {"NO_COLOR": "1", "COLUMNS": "200"} | dict(settings or {})


def vestibule(
    *arguments: str,
    directory: Path,
    settings: Mapping[str, str] | None = None,
    command: Sequence[str] = VESTIBULE,
) -> subprocess.CompletedProcess[str]:
    """Run a ``vestibule`` command that ends by itself."""
    return subprocess.run(
        [*command, *arguments],
        cwd=directory,
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Running:
    """A server that answers at ``url``; its output is in two files of its directory."""

    process: subprocess.Popen[bytes]
    url: str
    directory: Path

    @property
    def output(self) -> str:
        """What it printed so far."""
        return (self.directory / "output").read_text(encoding="utf-8")

    @property
    def log(self) -> str:
        """What it logged so far."""
        return (self.directory / "log").read_text(encoding="utf-8")

    def workers(self) -> list[int]:
        """The process ids of its children."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(child) for child in children.split()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def running(
    directory: Path,
    *options: str,
    settings: Mapping[str, str] | None = None,
    command: Sequence[str] = (*VESTIBULE, "run"),
    url: str | None = None,
) -> Iterator[Running]:
    """A server started in ``directory``, which is ready; it is gone at the end.

    :param options: of the command line, after the port.
    :param url: where it is going to answer, if the options or settings say so.
    """
    if url is None:
        port = free_port()
        url, options = f"http://127.0.0.1:{port}", ("--port", str(port), *options)
    with (directory / "output").open("wb") as output, (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *options],
            cwd=directory,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            # A group of its own, so that no worker outlives the test.
            start_new_session=True,
        )
    server = Running(process, url, directory)
    try:
        await_ready(server)
        yield server
    finally:
        _end(process)
        secrecy.hear(server.output + server.log)


def await_ready(server: Running) -> None:
    """Return when the server answers ``/readyz`` with 200; fail if it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not _ready(server.url):
        assert server.process.poll() is None, f"it ended:\n{server.output}{server.log}"
        assert time.monotonic() < deadline, f"it is not ready:\n{server.output}{server.log}"
        time.sleep(0.02)


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
