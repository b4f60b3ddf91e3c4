"""The service works where only the wheel is installed, started from another directory."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
import requests

from tests.package.conftest import ROOT
from tests.running import Running, environment, running, vestibule

ACCOUNT = {"email": "alice@example.com", "password": "marzipan dries slowly"}


def test_it_is_imported_from_where_it_was_installed(installed: Path, tmp_path: Path) -> None:
    said = subprocess.run(
        [installed / "python", "-c", "import vestibule; print(vestibule.__file__)"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert said.stdout.startswith(str(installed.parent))
    assert str(ROOT) not in said.stdout


def test_it_migrates(installed: Path, tmp_path: Path) -> None:
    command = (str(installed / "vestibule"),)
    upgraded = vestibule("db", "upgrade", directory=tmp_path, command=command)
    assert upgraded.stdout.startswith("nothing -> ")
    assert (tmp_path / "vestibule-data" / "vestibule.db").exists()


def test_it_serves_the_contract_the_pages_and_the_mail(installed: Path, tmp_path: Path) -> None:
    program = str(installed / "vestibule")
    with running(tmp_path, command=(program, "run")) as server:
        _register_and_log_in(server)
        _see_the_pages(server)
        answer = requests.post(
            f"{server.url}/reset_password", data={"email": ACCOUNT["email"]}, timeout=10
        )
        assert answer.status_code == 200
        deadline = time.monotonic() + 30
        while (
            mail := vestibule("mail", "show", "1", directory=tmp_path, command=(program,))
        ).returncode:
            assert time.monotonic() < deadline, mail.stderr
        assert "Subject: Reset your password" in mail.stdout
        assert server.stop() == 0


def _register_and_log_in(server: Running) -> None:
    with requests.Session() as visitor:
        assert visitor.post(f"{server.url}/users", data=ACCOUNT, timeout=10).status_code == 200
        assert visitor.post(f"{server.url}/sessions", data=ACCOUNT, timeout=10).status_code == 200
        profile = visitor.get(f"{server.url}/profile", timeout=10)
        assert profile.json() == {"email": ACCOUNT["email"]}


def _see_the_pages(server: Running) -> None:
    home = requests.get(server.url, headers={"Accept": "text/html"}, timeout=10)
    assert ">Bienvenue<" in home.text
    assert "<style>" in home.text
    (icon,) = re.findall(r'<link rel="icon" href="([^"]+)"', home.text)
    picture = requests.get(f"{server.url}{icon}", timeout=10)
    assert picture.headers["Content-Type"].startswith("image/svg+xml")
    assert requests.get(f"{server.url}/docs", timeout=10).status_code == 200
    reset = requests.get(f"{server.url}/reset_password?token=unknown", timeout=10)
    assert reset.headers["Content-Type"].startswith("text/html")
    assert reset.status_code < 500


@pytest.mark.parametrize("profile", ["strict", "classic"])
def test_it_starts_in_both_profiles(installed: Path, tmp_path: Path, profile: str) -> None:
    command = (str(installed / "vestibule"), "run", "--profile", profile)
    with running(tmp_path, command=command) as server:
        assert f"profile   {profile}\n" in server.output
