"""``--host`` takes addresses of both families, and names."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.running import free_port, running


@pytest.mark.parametrize("profile", ["strict", "classic"])
@pytest.mark.parametrize(
    ("host", "base"), [("::1", "http://[::1]"), ("localhost", "http://localhost")]
)
def test_it_answers_there(tmp_path: Path, host: str, base: str, profile: str) -> None:
    port = free_port("::1")
    options = ("--host", host, "--port", str(port), "--profile", profile)
    with running(tmp_path, *options, url=f"{base}:{port}") as server:
        assert requests.get(server.url, timeout=10).json() == {"message": "Bienvenue"}


def test_the_strict_profile_may_listen_everywhere(tmp_path: Path) -> None:
    port = free_port()
    public = {"VESTIBULE_PUBLIC_URL": "https://accounts.example.com"}
    options = ("--host", "0.0.0.0", "--port", str(port))  # noqa: S104 - what is tested.
    with running(tmp_path, *options, settings=public, url=f"http://127.0.0.1:{port}") as server:
        assert "url       https://accounts.example.com\n" in server.output
