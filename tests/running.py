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


def settings_of(directory: Path) -> dict[str, str]:
    """What a command in ``directory`` is told that is told nothing else."""
    return {}


def environment(directory: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with these settings and no other ``VESTIBULE_*``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VESTIBULE_")}
    # Colours would be codes in the output.
    return (
        kept | {"NO_COLOR": "1", "COLUMNS": "200"} | settings_of(directory) | dict(settings or {})
    )


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
        env=environment(directory, settings),
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
    """A server that is to answer at ``url``; its output is in two files of its directory."""

    process: subprocess.Popen[bytes]
    url: str
    directory: Path

    @classmethod
    def start(
        cls, command: Sequence[str], url: str, directory: Path, settings: Mapping[str, str]
    ) -> Running:
        """Start it in ``directory``; it is not ready yet."""
        with (directory / "output").open("ab") as output, (directory / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=environment(directory, settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                # A group of its own, so that no worker outlives the test.
                start_new_session=True,
            )
        return cls(process, url, directory)

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
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for children in tasks for pid in children.read_text("ascii").split()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def await_ready(self, path: str = "/readyz") -> None:
        """Return when it answers ``path`` with 200; fail if it ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers(path):
            assert self.process.poll() is None, f"it ended:\n{self.output}{self.log}"
            assert time.monotonic() < deadline, f"it is not ready:\n{self.output}{self.log}"
            time.sleep(0.02)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it, leave no process of its behind, whatever goes wrong, and return its status."""
        try:
            return self.stop(number)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    def _answers(self, path: str) -> bool:
        try:
            return requests.get(f"{self.url}{path}", timeout=5).status_code == 200
        except requests.RequestException:
            return False


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
    server = Running.start([*command, *options], url, directory, settings or {})
    try:
        server.await_ready()
        yield server
    finally:
        server.end()
        secrecy.hear(server.output + server.log)
