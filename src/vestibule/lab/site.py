"""The target as its users see it, and the ways in which a check gets what it needs to start."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from vestibule.lab.client import Answer, Client
from vestibule.lab.probe.verdict import Checklist, NotApplicable, NotReady, Unmet


class Person(NamedTuple):
    """Somebody new, whom no target has ever seen."""

    email: str
    password: str


def somebody() -> Person:
    """Return a new person, so that one target can be graded twice in a row."""
    return Person(f"check-{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(12))


class Backstage(Protocol):
    """What a folder has and a URL has not: a way behind its routes."""

    path: str

    def recreate_database(self, *, delete_first: bool) -> None:
        """Drop and recreate the database from another process, or delete its file and make one."""


class Site:
    """A target at a URL: what a check needs to start can only be had over its own routes."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.send = client.send

    def account(self) -> Person:
        """Return somebody who has an account.

        :raises Unmet: the target gives none.
        """
        person = somebody()
        answer = self.send("POST", "/users", person._asdict())
        ready(answer.status < 300, "registration (task 7)", answer)
        return person

    def session_of(self, person: Person) -> str:
        """Log somebody in and return the session id.

        :raises Unmet: the target gives none.
        """
        answer = self.send("POST", "/sessions", person._asdict())
        ready(answer.cookie("session_id"), "login (task 11)", answer)
        return answer.cookie("session_id")

    def token_of(self, person: Person) -> str:
        """Return a reset token for somebody.

        :raises Unmet: the target gives none.
        """
        answer = self.send("POST", "/reset_password", {"email": person.email})
        ready(answer.field("reset_token"), "asking for a reset token (task 17)", answer)
        return answer.field("reset_token")

    def logs_in(self, person: Person) -> bool:
        """Tell whether somebody may log in."""
        return self.send("POST", "/sessions", person._asdict()).status == 200

    def must_know(self, person: Person) -> None:
        """Let the target pass unless it can be seen that it has not stored this account."""

    def must_open(self, session_id: str, person: Person) -> None:
        """Let the target pass unless it can be seen that the session is not this person's."""

    def recreate_database(self, *, delete_first: bool) -> None:  # noqa: ARG002 - folders need it
        """Drop and recreate the database from another process, or delete its file and make one.

        :raises NotApplicable: always; it is out of reach.
        """
        raise NotApplicable

    def at_once(self, requests: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """Send requests at the same moment, each from a thread of its own."""
        together = threading.Barrier(len(requests))

        def send(request: Callable[[], Answer]) -> Answer:
            together.wait()
            return request()

        with ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(send, requests))


class FolderSite(Site):
    """A target in a folder: each check starts from what ``AUTH`` itself arranged.

    So a mistake in one route fails that route and no other.
    """

    def __init__(self, client: Client, backstage: Backstage) -> None:
        super().__init__(client)
        self._backstage = backstage

    def account(self) -> Person:
        """Return somebody who has an account."""
        person = somebody()
        self._ask("register_user", *person)
        return person

    def session_of(self, person: Person) -> str:
        """Return the session id of somebody who is logged in."""
        return str(self._ask("create_session", person.email))

    def token_of(self, person: Person) -> str:
        """Return a reset token for somebody."""
        return str(self._ask("get_reset_password_token", person.email))

    def logs_in(self, person: Person) -> bool:
        """Tell whether somebody may log in."""
        return self._ask("valid_login", *person) is True

    def must_know(self, person: Person) -> None:
        """Let the target pass if it has stored this account.

        :raises Unmet: it has not.
        """
        if not self.logs_in(person):
            raise Unmet("AUTH.valid_login(email, password): True after that", "False")

    def must_open(self, session_id: str, person: Person) -> None:
        """Let the target pass if the session is this person's.

        :raises Unmet: it is not.
        """
        owner = self._ask("get_user_from_session_id", session_id)
        if owner != person.email:
            raise Unmet("AUTH.get_user_from_session_id(cookie): who logged in", repr(owner))

    def recreate_database(self, *, delete_first: bool) -> None:
        """Drop and recreate the database from another process, or delete its file and make one."""
        self._backstage.recreate_database(delete_first=delete_first)

    def _ask(self, method: str, *arguments: str) -> object:
        order = json.dumps({"call": method, "arguments": arguments}).encode()
        asked = f"AUTH.{method}"
        answer = self.client.exchange(asked, "POST", self._backstage.path, order, {})
        body = answer.json()
        if not isinstance(body, dict) or "result" not in body:
            raise Unmet(f"{asked} to arrange this check", answer.field("error") or "nothing")
        return body["result"]


def ready(condition: object, what: str, answer: Answer) -> None:
    """Go on if a check has what it needs to start.

    :raises NotReady: it has not.
    """
    if not condition:
        seen = f"could not be checked: {what} failed: {answer.asked}: {answer.seen}"
        raise NotReady(f"{what}, to start from", seen)


over_http: Checklist[Site] = Checklist()
