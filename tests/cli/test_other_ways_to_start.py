"""``python -m vestibule`` and ``flask --app vestibule run`` start the same service."""

from __future__ import annotations

import sys
from pathlib import Path

import requests

from tests.cli.accounts import ACCOUNT, register
from tests.running import free_port, running, vestibule
from vestibule.config import VERSION

FLASK = str(Path(sys.executable).with_name("flask"))


def test_python_dash_m_is_the_command(tmp_path: Path) -> None:
    with running(tmp_path, command=(sys.executable, "-m", "vestibule", "run")) as server:
        register(server.url)
        assert server.stop() == 0


def test_flask_run_serves_the_same_routes(tmp_path: Path) -> None:
    port = str(free_port())
    command = (FLASK, "--app", "vestibule", "run", "--port", port)
    with running(tmp_path, command=command, url=f"http://127.0.0.1:{port}") as server:
        register(server.url)
        with requests.Session() as visitor:
            visitor.post(f"{server.url}/sessions", data=ACCOUNT, timeout=10)
            answer = visitor.get(f"{server.url}/profile", timeout=10)
        assert answer.json() == {"email": ACCOUNT["email"]}


def test_it_tells_its_version(tmp_path: Path) -> None:
    assert vestibule("--version", directory=tmp_path).stdout == f"vestibule, version {VERSION}\n"


def test_every_command_has_help(tmp_path: Path) -> None:
    for command in ((), ("run",), ("db", "upgrade"), ("mail", "show"), ("config", "show")):
        helped = vestibule(*command, "--help", directory=tmp_path)
        assert helped.returncode == 0
        assert "Usage: vestibule" in helped.stdout
