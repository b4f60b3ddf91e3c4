"""Three nodes on one database behind real proxies, by the configurations of docs/scaling.md."""

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


# What Debian has around a file in /etc/nginx/conf.d.
AROUND = """
daemon off; user root; pid %s/nginx.pid; error_log stderr;
events {}
http { access_log off; %s }
"""


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


class Proxy:
    """A proxy in front of all nodes: haproxy or nginx."""

    def __init__(self, name: str, command: list[str], folder: Path, text: str) -> None:
        self._name, self._command, self._log = name, command, folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.trusted = str(folder / "certificate.pem")
        (folder / f"{name}.cfg").write_text(text.replace("PORT", f"127.0.0.1:{self.port}"))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = shutil.which(self._name) or shutil.which(f"/usr/sbin/{self._name}")
        if program is None:
            pytest.skip(f"{self._name} is not installed on this machine")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([program, *self._command], stdout=log, stderr=log)
        eventually(self._answers)

    def stop(self) -> None:
        """End it."""
        if self._process:
            self._process.terminate()
            self._process.wait(STOP_SECONDS)
            self._process = None

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(encoding="utf-8")

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log
        with suppress(requests.RequestException):
            asked = f"{self.url}/healthz"
            return requests.get(asked, headers=NAME, verify=self.trusted, timeout=5).ok
        return False


class Fleet:
    """The nodes a, b and c, and two proxies in front of them, started when they are needed."""

    def __init__(self, folder: Path, database_url: str, **more: str) -> None:
        self._folder = folder
        (folder / "database-url").write_text(database_url)
        (folder / "secret-key").write_text(secrets.token_hex(32))
        ports = {name: free_port() for name in "abc"}
        self.nodes = {
            name: Node(folder / name, self._settings(folder / name, port) | more)
            for name, port in ports.items()
        }
        shown, hidden = certificate(folder)
        both = folder / "both.pem"
        both.write_bytes(shown.read_bytes() + hidden.read_bytes())
        here = {f"10.0.0.1{n}:5000": f"127.0.0.1:{p}" for n, p in enumerate(ports.values(), 1)}
        text = filled(
            block("haproxy"),
            here | {":443": "PORT", "/etc/haproxy/auth.example.com.pem": str(both)},
        )
        self.haproxy = Proxy("haproxy", ["-db", "-f", f"{folder}/haproxy.cfg"], folder, text)
        certificates = {
            "listen 443": "listen PORT",
            "/etc/ssl/certs/auth.example.com.pem": str(shown),
            "/etc/ssl/private/auth.example.com.key": str(hidden),
        }
        text = AROUND % (folder, filled(block("nginx"), here | certificates))
        self.nginx = Proxy("nginx", ["-p", f"{folder}", "-c", "nginx.cfg"], folder, text)

    def start(self) -> None:
        """Start all nodes at once, on an empty database."""
        for node in self.nodes.values():
            node.begin()
        for node in self.nodes.values():
            node.await_ready()

    def stop(self) -> None:
        """End everything."""
        for proxy in (self.haproxy, self.nginx):
            proxy.stop()
        for node in self.nodes.values():
            node.stop(signal.SIGINT)

    def passed(self, since: int = 0) -> list[Passed]:
        """What haproxy has logged since its so many-th request."""
        found = LINE.findall(self.haproxy.log)[since:]
        return [Passed(node, int(code), end, int(tries)) for node, code, end, tries in found]

    def _settings(self, data: Path, port: int) -> dict[str, str]:
        lines = dict(line.split("=", 1) for line in block("ini").splitlines())
        return lines | {
            "VESTIBULE_HOST": "127.0.0.1",
            "VESTIBULE_PORT": str(port),
            "VESTIBULE_DATA": str(data / "data"),
            "VESTIBULE_DATABASE_URL_FILE": str(self._folder / "database-url"),
            "VESTIBULE_SECRET_KEY_FILE": str(self._folder / "secret-key"),
        }


def filled(text: str, here: dict[str, str]) -> str:
    """A configuration of the page with the addresses and files of this machine."""
    for there, own in here.items():
        assert text.count(there) == 1, there
        text = text.replace(there, own)
    return text
