"""Classic hands out reset tokens, so it answers this machine alone; strict answers anybody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.stage.answers import refuses
from tests.stage.visits import ALICE, register
from vestibule import config
from vestibule.config import BadSetting

EVERYWHERE = "0.0.0.0"  # noqa: S104 - asked for, and refused.
HEADERS = [
    ("X-Forwarded-For", "203.0.113.7"),
    ("x-forwarded-for", ""),
    ("X-Forwarded-Host", "localhost"),
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded", "for=127.0.0.1"),
    ("Forwarded", "for=127.0.0.1"),
    ("Via", "1.1 proxy"),
    ("X-Real-IP", "127.0.0.1"),
]
AT_HOME = ["localhost", "localhost:5000", "127.0.0.1", "127.0.0.1:5000", "[::1]:5000", "[::1]",
           "127.1.2.3", f"{EVERYWHERE}:5000", "LOCALHOST"]  # fmt: skip
ABROAD = ["example.com", "example.com:5000", "localhost.example.com", "10.0.0.1",
          "127.0.0.1.nip.io", "localhost:80@example.com", "[2001:db8::1]:5000", "evil:1",
          "127.0.0.1:x"]  # fmt: skip
REMOTE = ["203.0.113.7", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1"]


def ask(client: FlaskClient, **options: Any) -> Any:
    return client.post("/reset_password", data={"email": ALICE}, **options)


@pytest.mark.parametrize("header", HEADERS)
def test_a_proxy_is_refused_in_classic(classic: FlaskClient, header: tuple[str, str]) -> None:
    register(classic)
    response = ask(classic, headers=[header])
    refuses(response, 403, "classic_is_local")
    assert "reset_token" not in response.text


def test_a_foreign_host_is_refused_in_classic(classic: FlaskClient) -> None:
    register(classic)
    for host in ABROAD:
        response = ask(classic, headers={"Host": host})
        assert response.status_code in (400, 403), host
        assert "reset_token" not in response.text


def test_every_name_of_this_machine_is_answered(classic: FlaskClient) -> None:
    register(classic)
    for host in AT_HOME:
        assert ask(classic, headers={"Host": host}).status_code == 200, host


@pytest.mark.parametrize("address", REMOTE)
def test_another_machine_is_refused_in_classic(classic: FlaskClient, address: str) -> None:
    register(classic)
    refuses(ask(classic, environ_base={"REMOTE_ADDR": address}), 403, "classic_is_local")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_answered(classic: FlaskClient, address: str) -> None:
    register(classic)
    assert ask(classic, environ_base={"REMOTE_ADDR": address}).status_code == 200


def test_no_route_of_classic_is_an_exception(classic: FlaskClient) -> None:
    for path in ("/", "/profile", "/docs", "/openapi.json", "/healthz", "/nowhere"):
        response = classic.get(path, headers={"X-Forwarded-For": "203.0.113.7"})
        assert response.status_code in (403, 404), path


def test_strict_answers_anybody(strict: FlaskClient) -> None:
    register(strict)
    for header in HEADERS:
        assert strict.get("/", headers=[header]).status_code == 200
    for host in ABROAD[:4]:
        assert strict.get("/", headers={"Host": host}).status_code == 200
    for address in REMOTE:
        assert strict.get("/", environ_base={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "10.0.0.1", "example.com", "*", ""])
def test_classic_listens_on_loopback_only(host: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="listens on loopback only"):
        config.load(profile="classic", host=host, data=tmp_path)
    config.load(profile="strict", host=host, data=tmp_path)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_every_loopback_address_will_do(host: str, tmp_path: Path) -> None:
    assert config.load(profile="classic", host=host, data=tmp_path).classic


def test_classic_stands_on_sqlite_only(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="classic profile stands on SQLite only"):
        config.load(profile="classic", data=tmp_path, database_url="postgresql://localhost/x")


def test_the_command_says_so_and_ends_with_2(tmp_path: Path) -> None:
    options = ["--profile", "classic", "--host", EVERYWHERE, "--data", str(tmp_path / "data")]
    ended = subprocess.run(
        [sys.executable, "-m", "vestibule", "run", *options],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 2
    assert "loopback only" in ended.stderr
    assert "--profile strict" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data").exists()
