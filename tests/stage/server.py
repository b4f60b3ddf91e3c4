"""Real servers: ``vestibule run`` in a process of its own, on a free port of this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from tests.stage import secrecy
from tests.stage.visits import LINK, mails

START_SECONDS, END_SECONDS = 30.0, 30.0


class Visitor(requests.Session):
    """A client that remembers, for the search of the logs, each secret it was handed."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.trust_env = False

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Ask for a path of the server."""
        kwargs.setdefault("timeout", 30)
        kwargs.setdefault("allow_redirects", False)
        response = super().request(method, f"{self.url}{url}", *args, **kwargs)
        for value in response.cookies.values():
            secrecy.remember(value)
        for found in secrecy.SHAPE.findall(response.text):
            secrecy.remember(found)
        return response


class Server:
    """One ``vestibule run``; ``settings`` become its ``VESTIBULE_*`` environment."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.data = Path(settings.setdefault("data", folder / "data"))
        self.errors, self.output = folder / "stderr.log", folder / "stdout.log"
        self.settings = {"workers": 1, "log_level": "debug", **settings}
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self._heard = 0
        self._workers: set[int] = set()

    def start(self, *, ready: bool = True) -> Server:
        """Start, and wait until it answers; a port that somebody took meanwhile is no failure."""
        for _ in range(3):
            self._spawn(_free_port())
            if not ready or self._answers():
                return self
            if "in use" not in self.errors.read_text():
                break
        raise AssertionError(f"no server: {self.errors.read_text()}")

    def visitor(self) -> Visitor:
        """A client of this server."""
        return Visitor(self.url)

    def workers(self) -> list[int]:
        """The ids of its worker processes."""
        assert self.process is not None
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return sorted(int(pid) for children in tasks for pid in children.read_text().split())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and give its exit status."""
        if self.process is None:
            return 0
        self._workers.update(self.workers())
        self.process.send_signal(how)
        try:
            status = self.process.wait(END_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            self.process = None
            self._listen()
        return status

    def put_away(self) -> None:
        """Stop it, and leave no process behind, whatever went wrong."""
        try:
            self.stop()
        finally:
            for pid in self._workers:
                if b"vestibule" in _command(pid):
                    os.kill(pid, signal.SIGKILL)

    def _spawn(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        plain = {k: v for k, v in os.environ.items() if not k.startswith("VESTIBULE_")}
        own = {f"VESTIBULE_{name.upper()}": str(value) for name, value in self.settings.items()}
        with self.errors.open("ab") as errors, self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vestibule", "run", "--port", str(port)],
                env=plain | own,
                stdout=output,
                stderr=errors,
            )

    def _answers(self) -> bool:
        assert self.process is not None
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                if self.visitor().get("/healthz").status_code == 200:
                    return True
            except requests.ConnectionError:
                time.sleep(0.02)
        return False

    def _listen(self) -> None:
        """Hand the log to the search for secrets, and what the mails hold to what it looks for."""
        for path in mails(self.data / "mail"):
            for token in LINK.findall(path.read_text()):
                secrecy.remember(token)
        text = self.errors.read_text() + self.output.read_text()
        secrecy.hear(text[self._heard :])
        self._heard = len(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _command(pid: int) -> bytes:
    """The command line of a process; none if it is over."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
