"""Several nodes on one database behind a real haproxy, by the configuration of docs/scaling.md."""

from __future__ import annotations

import re
import secrets
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from tests.running import STOP_SECONDS, VESTIBULE, Running, free_port
from tests.stage import secrecy
from tests.stage.smtp import certificate
from tests.stage.visits import eventually

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
NAME = {"Host": "auth.example.com"}
# haproxy's own format "httplog", from the name of the backend on.
LINE = re.compile(r" nodes/(\S+) \S+ (-?\d+) \S+ \S+ \S+ (\S{4}) [\d/]+/\+?(\d+) ")


def block(language: str) -> str:
    """The page's text in this language."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


class Passed(NamedTuple):
    """A request that haproxy passed on, or could not."""

    # The node that it ended with, "<NOSRV>" where there was none.
    node: str
    status: int
    # "----" where all went well; what begins with S was the node's fault.
    end: str
    # How often it had to be tried again.
    retries: int


class Node:
    """One ``vestibule run`` with data of its own, which comes back where it was."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder, self.settings = folder, settings
        self.port = int(settings["VESTIBULE_PORT"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.running: Running | None = None
        folder.mkdir()

    def begin(self) -> None:
        """Start it; it is not ready yet."""
        self.running = Running.start([*VESTIBULE, "run"], self.url, self.folder, self.settings)

    def await_ready(self) -> None:
        """Return when it may be asked."""
        assert self.running
        self.running.await_ready()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and give its exit status."""
        if self.running is None:
            return 0
        try:
            return self.running.end(how)
        finally:
            secrecy.hear(self.running.log + self.running.output)
            self.running = None

    def takes_connections(self) -> bool:
        """Whether anything listens where it does."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
            return True
        return False

    def ask(self, method: str, path: str, session: str | None = None) -> requests.Response:
        """Ask this very node, past the proxy."""
        headers = NAME | ({"Authorization": f"Bearer {session}"} if session else {})
        return requests.request(
            method, f"{self.url}{path}", headers=headers, timeout=30, allow_redirects=False
        )


class Fleet:
    """The nodes a, b and c, and the proxy at ``url``, whose certificate is ``trusted``."""

    def __init__(self, folder: Path, database_url: str, **more: str) -> None:
        program = shutil.which("haproxy") or shutil.which("/usr/sbin/haproxy")
        if program is None:
            pytest.skip("haproxy is not installed on this machine")
        self._program, self._folder = program, folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "database-url").write_text(database_url)
        (folder / "secret-key").write_text(secrets.token_hex(32))
        ports = {name: free_port() for name in "abc"}
        self.nodes = {
            name: Node(folder / name, self._settings(folder / name, port) | more)
            for name, port in ports.items()
        }
        self.url = f"https://localhost:{self._configure(ports)}"

    @property
    def trusted(self) -> str:
        """The certificate that the proxy shows."""
        return str(self._folder / "certificate.pem")

    def start(self) -> None:
        """Start all nodes at once, on an empty database, and the proxy."""
        for node in self.nodes.values():
            node.begin()
        for node in self.nodes.values():
            node.await_ready()
        with (self._folder / "haproxy.log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._program, "-db", "-f", self._folder / "haproxy.cfg"], stdout=log, stderr=log
            )
        eventually(self._answers)

    def stop(self) -> None:
        """End everything."""
        if self._process:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        for node in self.nodes.values():
            node.stop(signal.SIGINT)

    def passed(self, since: int = 0) -> list[Passed]:
        """What the proxy has logged since its so many-th request."""
        text = (self._folder / "haproxy.log").read_text(encoding="utf-8")
        found = LINE.findall(text)[since:]
        return [Passed(node, int(code), end, int(tries)) for node, code, end, tries in found]

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, (self._folder / "haproxy.log").read_text()
        with suppress(requests.RequestException):
            answer = requests.get(
                f"{self.url}/healthz", headers=NAME, verify=self.trusted, timeout=5
            )
            return answer.status_code == 200
        return False

    def _settings(self, data: Path, port: int) -> dict[str, str]:
        lines = dict(line.split("=", 1) for line in block("ini").splitlines())
        return lines | {
            "VESTIBULE_HOST": "127.0.0.1",
            "VESTIBULE_PORT": str(port),
            "VESTIBULE_DATA": str(data / "data"),
            "VESTIBULE_DATABASE_URL_FILE": str(self._folder / "database-url"),
            "VESTIBULE_SECRET_KEY_FILE": str(self._folder / "secret-key"),
        }

    def _configure(self, ports: dict[str, int]) -> int:
        """Write the page's configuration for this machine, and say where it listens."""
        shown, hidden = certificate(self._folder)
        both = self._folder / "both.pem"
        both.write_bytes(shown.read_bytes() + hidden.read_bytes())
        port = free_port()
        here = {
            "bind :443": f"bind 127.0.0.1:{port}",
            "/etc/haproxy/auth.example.com.pem": str(both),
            "10.0.0.11:5000": f"127.0.0.1:{ports['a']}",
            "10.0.0.12:5000": f"127.0.0.1:{ports['b']}",
            "10.0.0.13:5000": f"127.0.0.1:{ports['c']}",
        }
        text = block("haproxy")
        for there, own in here.items():
            assert text.count(there) == 1, there
            text = text.replace(there, own)
        (self._folder / "haproxy.cfg").write_text(text)
        return port
