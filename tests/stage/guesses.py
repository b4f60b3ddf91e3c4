"""Wrong passwords, from devices and places of one's choice."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.visits import ALICE, PASSWORD, WRONG


def coming_from(address: str) -> dict[str, Any]:
    """What makes a request of a test come from there."""
    return {"environ_base": {"REMOTE_ADDR": address}}


def attempt(
    client: FlaskClient, password: str, email: str = ALICE, address: str = "127.0.0.1"
) -> TestResponse:
    """Try to log in on this client's device."""
    form = {"email": email, "password": password}
    return client.post("/sessions", data=form, **coming_from(address))


def guess(app: Flask, times: int = 1, email: str = ALICE, address: str = "127.0.0.1") -> list[int]:
    """What wrong passwords are answered, on a device that nobody knows."""
    stranger = app.test_client()
    return [attempt(stranger, WRONG, email, address).status_code for _ in range(times)]


def enter(
    app: Flask, email: str = ALICE, address: str = "127.0.0.1", password: str = PASSWORD
) -> int:
    """What the right password is answered, on a device that nobody knows."""
    return attempt(app.test_client(), password, email, address).status_code
