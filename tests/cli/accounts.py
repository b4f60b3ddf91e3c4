"""People who use the servers of these tests."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.running import vestibule

EMAIL = "alice@example.com"
PASSWORD = "marzipan dries slowly"
ACCOUNT = {"email": EMAIL, "password": PASSWORD}


def register(url: str) -> None:
    """Make the account."""
    answer = requests.post(f"{url}/users", data=ACCOUNT, timeout=30)
    assert answer.json() == {"email": EMAIL, "message": "user created"}


def database(directory: Path) -> Path:
    """A database at the newest schema, where a server started in ``directory`` looks for it."""
    assert vestibule("db", "upgrade", directory=directory).returncode == 0
    return directory / "vestibule-data" / "vestibule.db"
