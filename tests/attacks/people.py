"""Victims and attackers: each has an address for mail, and one of their own on the network."""

from __future__ import annotations

import email
import email.policy
import html
import re
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter

from bench.wire import somewhere
from tests.stage.secrecy import remember
from tests.stage.server import Server, Visitor
from tests.stage.visits import NEW_PASSWORD, eventually, mails

# Over 72 bytes: hashed with argon2id in both profiles, which costs a tenth of bcrypt.
PASSWORD = "marzipan by the seaside ".ljust(80, "m")
RESET = "/reset_password"
SCANNERS = ["GoogleImageProxy", "Mozilla/5.0 (compatible; Barracuda)", "Microsoft Office/16.0"]


class FromAddress(HTTPAdapter):
    """Connects from an address of this machine's choice: all of 127.0.0.0/8 is its own."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool, whose connections come from the address."""
        super().init_poolmanager(*args, source_address=(self.address, 0), **kwargs)


def browser(server: Server, address: str | None = None) -> Visitor:
    """A visitor who comes from an address of their own, so that limits by origin are too."""
    visitor = server.visitor()
    visitor.mount("http://", FromAddress(address or somewhere()))
    return visitor


class Person:
    """Somebody who may have an account."""

    def __init__(self, server: Server, *, name: str | None = None) -> None:
        self.server = server
        self.email = f"{name or uuid4().hex[:12]}@example.com"
        self.password = PASSWORD
        self.browser = browser(server)

    def register(self) -> Person:
        """Make an account, which must work."""
        answer = self.browser.post("/users", data=self.credentials())
        assert answer.status_code == 200, answer.text
        return self

    def credentials(self, password: str | None = None) -> dict[str, str]:
        """What a login needs."""
        return {"email": self.email, "password": password or self.password}

    def try_login(self, password: str | None = None) -> requests.Response:
        """Ask for a session, from a browser that holds none."""
        with browser(self.server) as new:
            return new.post("/sessions", data=self.credentials(password))

    def log_in(self) -> str:
        """Log in, which must work; the session id, which the browser holds from now on."""
        answer = self.browser.post("/sessions", data=self.credentials())
        assert answer.status_code == 200, answer.text
        return str(answer.cookies["session_id"])

    def ask_reset(self, **more: Any) -> requests.Response:
        """Ask for a reset link."""
        return self.browser.post("/reset_password", data={"email": self.email}, **more)

    def reset_token(self) -> str:
        """A new reset token: the answer's in the classic profile, else the next mail's."""
        before = len(links(self.server, self.email, RESET))
        answer = self.ask_reset()
        assert answer.status_code == 200, answer.text
        return str(answer.json().get("reset_token") or self.mailed_token(before + 1))

    def mailed_token(self, many: int = 1) -> str:
        """The token in the last of so many mails about a reset, once they are there."""
        return linked(self.server, self.email, RESET, many)

    def set_password(self, token: Any, password: str = NEW_PASSWORD) -> requests.Response:
        """Try to set a password with a token, from a browser that holds no session."""
        form = {"email": self.email, "reset_token": token, "new_password": password}
        with browser(self.server) as new:
            return new.put("/reset_password", json=form)

    def mails(self) -> list[EmailMessage]:
        """The mails that came to this person, oldest first."""
        return mails_to(self.server, self.email)


def mails_to(server: Server, address: str) -> list[EmailMessage]:
    """The mails that came to an address, oldest first."""
    parsed = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in mails(server.data / "mail")
    ]
    return [mail for mail in parsed if address in str(mail["To"])]


def links(server: Server, address: str, path: str) -> list[str]:
    """The tokens of all links to ``path`` that came to an address, oldest first."""
    words = " ".join(texts(mail)[0] for mail in mails_to(server, address))
    return re.findall(rf"{path}\?token=([0-9a-f-]{{36}})", words)


def linked(server: Server, address: str, path: str, many: int = 1) -> str:
    """The token of the last of so many links, once they are there."""
    eventually(lambda: len(links(server, address, path)) >= many)
    return remember(links(server, address, path)[-1])


def texts(mail: EmailMessage) -> list[str]:
    """What the parts of a mail say, as a program that shows mail reads them; plain text first."""
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    return [str(part.get_content()) for part in parts]


def scan(server: Server, mail: EmailMessage, token: str, method: str = "GET") -> None:
    """Open every link of a mail, this token's among them, many times, as what scans mail does."""
    said = html.unescape(" ".join(texts(mail)))
    found = [urlsplit(link) for link in re.findall(r"http://[^\s\"'<>]+", said)]
    assert any(token in link.query for link in found)
    for agent in SCANNERS * 3:
        with browser(server) as scanner:
            for link in found:
                where = f"{link.path}?{link.query}"
                answer = scanner.request(method, where, headers={"User-Agent": agent})
                assert answer.status_code == 200
                assert not answer.cookies


def holding(server: Server, session_id: str | None) -> Visitor:
    """A browser that holds this session id, however it came by it."""
    visitor = browser(server)
    if session_id is not None:
        visitor.cookies.set("session_id", session_id)
    return visitor


def opens(server: Server, session_id: str) -> bool:
    """Whether this session id, in the cookie or as a bearer, opens a profile."""
    bearer = {"Authorization": f"Bearer {session_id}"}
    with holding(server, session_id) as one, browser(server) as other:
        answers = [one.get("/profile"), other.get("/profile", headers=bearer)]
    assert all(answer.status_code in (200, 403) for answer in answers)
    return any(answer.status_code == 200 for answer in answers)
