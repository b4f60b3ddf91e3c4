"""What visitors do before the test begins: register, log in, ask for a reset, read the mail."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.secrecy import remember
from vestibule.auth import Auth

ALICE, BOB = "alice@example.com", "bob@example.com"
# Each has the word by which logs are searched for passwords: see ``tests.stage.secrecy``.
PASSWORD, NEW_PASSWORD, WRONG = "marzipan at dawn", "marzipan at dusk", "marzipan at noon"
LINK = re.compile(r"token=([0-9a-f-]{36})")


def front_desk(app: Flask) -> Auth:
    """The ``Auth`` of an application."""
    auth: Auth = app.extensions["vestibule"]
    return auth


def register(client: FlaskClient, email: str = ALICE, password: str = PASSWORD) -> TestResponse:
    """Make an account, which must work."""
    response = client.post("/users", data={"email": email, "password": password})
    assert response.status_code == 200, response.text
    return response


def try_login(client: FlaskClient, email: str = ALICE, password: str = PASSWORD) -> TestResponse:
    """Ask for a session."""
    return client.post("/sessions", data={"email": email, "password": password})


def log_in(client: FlaskClient, email: str = ALICE, password: str = PASSWORD) -> str:
    """Log in, which must work; the session id, which the client holds as a cookie from now on."""
    assert try_login(client, email, password).status_code == 200
    cookie = client.get_cookie("session_id")
    assert cookie is not None
    return str(cookie.value)


def visitor(app: Flask, session_id: str | None = None) -> FlaskClient:
    """Another client, holding this session id."""
    client = app.test_client()
    if session_id is not None:
        client.set_cookie("session_id", session_id)
    return client


def reset_token(client: FlaskClient, email: str = ALICE) -> str:
    """A reset token, by whichever way the profile hands it out."""
    answer = client.post("/reset_password", data={"email": email})
    assert answer.status_code == 200, answer.text
    if "reset_token" in answer.get_json():
        return str(answer.get_json()["reset_token"])
    outbox = front_desk(client.application).outbox
    outbox.deliver_due()
    return newest_token(outbox.folder)


def set_password(
    client: FlaskClient, token: str | None, password: str = NEW_PASSWORD, email: str = ALICE
) -> TestResponse:
    """Try to set a password with a token."""
    form: dict[str, Any] = {"email": email, "reset_token": token, "new_password": password}
    return client.put("/reset_password", data={k: v for k, v in form.items() if v is not None})


def ask_for_reset(client: FlaskClient, email: str = ALICE) -> None:
    """Ask for a reset link, which anybody may."""
    assert client.post("/reset_password", data={"email": email}).status_code == 200


def mails(folder: Path) -> list[Path]:
    """The mails in a folder, oldest first."""

    def age(path: Path) -> tuple[str, int]:
        moment, _, number = path.stem.rpartition("-")
        # The number alone would not do: one that was swept may be given again.
        return moment, int(number)

    return sorted(folder.glob("[!.]*.eml"), key=age)


def newest_token(folder: Path) -> str:
    """The token in the newest mail."""
    return str(LINK.findall(mails(folder)[-1].read_text())[-1])


def eventually(true: Callable[[], bool], seconds: float = 15.0) -> None:
    """Look again and again until it is true; never longer than this many seconds."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it never came true"
        time.sleep(0.02)


def wait_for_mail(folder: Path, count: int = 1) -> str:
    """The token in the newest mail, once a server has written ``count`` of them."""
    eventually(lambda: len(mails(folder)) >= count)
    return remember(newest_token(folder))


def mail_to(app: Flask, email: str) -> str:
    """The newest mail to this address, once all that is due was delivered; none: nothing."""
    outbox = front_desk(app).outbox
    front_desk(app).registrations.send_reminders()
    outbox.deliver_due()
    texts = [path.read_text() for path in mails(outbox.folder)]
    return next((text for text in reversed(texts) if f"To: {email}\n" in text), "")


def token_to(app: Flask, email: str) -> str:
    """The token in the newest mail to this address."""
    return remember(str(LINK.findall(mail_to(app, email))[-1]))
