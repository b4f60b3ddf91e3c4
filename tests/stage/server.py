"""Real servers: ``vestibule run`` in a process of its own, on a free port of this machine."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import requests

from tests.running import VESTIBULE, Running, free_port, vestibule
from tests.stage import secrecy
from tests.stage.visits import LINK, mails


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
            # Without dashes it is a pseudonym, which is there to be logged.
            if "-" in found:
                secrecy.remember(found)
        return response


class Server:
    """One ``vestibule run``; ``settings`` become its ``VESTIBULE_*`` environment.

    It can be stopped, and started again on the same data.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.data = Path(settings.setdefault("data", folder / "data"))
        self.settings = {"workers": 1, "log_level": "debug", **settings}
        self.errors = folder / "log"
        self._folder = folder
        self._running: Running | None = None
        self._url = ""

    @property
    def running(self) -> Running:
        """The server process; there must be one."""
        assert self._running, "it was stopped"
        return self._running

    @property
    def url(self) -> str:
        """Where it answers, or did before it was stopped."""
        assert self._url, "it was never started"
        return self._url

    def start(self, *, ready: bool = True) -> Server:
        """Start, and wait until it answers; a port that somebody took meanwhile is no failure."""
        for last in (False, False, True):
            self._spawn()
            try:
                if ready:
                    self.running.await_ready("/healthz")
            except AssertionError:
                if last or "in use" not in self.running.log:
                    raise
            else:
                break
        return self

    def visitor(self) -> Visitor:
        """A client of this server."""
        return Visitor(self.url)

    def workers(self) -> list[int]:
        """The ids of its worker processes."""
        return sorted(self.running.workers())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and give its exit status."""
        if self._running is None:
            return 0
        try:
            return self._running.end(how)
        finally:
            self._listen(self._running)
            self._running = None

    def operate(self, *arguments: str) -> None:
        """Run a command on its data, as its operator does meanwhile; it must work."""
        said = vestibule(*arguments, directory=self._folder, settings=self._own())
        secrecy.hear(said.stdout + said.stderr)
        assert said.returncode == 0, said

    def _own(self) -> dict[str, str]:
        return {f"VESTIBULE_{name.upper()}": str(value) for name, value in self.settings.items()}

    def _spawn(self) -> None:
        port = free_port()
        command = (*VESTIBULE, "run", "--port", str(port))
        self._url = f"http://127.0.0.1:{port}"
        self._running = Running.start(command, self._url, self._folder, self._own())

    def _listen(self, running: Running) -> None:
        """Hand the log to the search for secrets, and what the mails hold to what it looks for."""
        for path in mails(self.data / "mail"):
            for token in LINK.findall(path.read_text()):
                secrecy.remember(token)
        secrecy.hear(running.log + running.output)
