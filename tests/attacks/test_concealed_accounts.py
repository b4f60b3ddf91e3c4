"""A13: no answer tells whether an address has an account, whether or not mail can be sent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.attacks.people import Person, browser
from tests.attacks.storage import ask, copy_account
from tests.conftest import PostOffice, Serve
from tests.stage.server import Server
from tests.stage.smtp import SENDER
from tests.stage.visits import WRONG

# What is of the request alone, whoever asks.
OWN = {"x-request-id", "date"}
QUESTIONS = {
    "login": ("POST", "/sessions", {"password": WRONG}),
    "login with an empty password": ("POST", "/sessions", {"password": ""}),
    "login with an endless password": ("POST", "/sessions", {"password": "marzipan" * 200}),
    "reset": ("POST", "/reset_password", {}),
    "registration": ("POST", "/users", {"password": "marzipan of whoever asks"}),
    "registration with a bad password": ("POST", "/users", {"password": "12345678"}),
    "a wrong token": ("PUT", "/reset_password", {"reset_token": "x", "new_password": WRONG}),
}


def seen(answer: requests.Response, email: str) -> tuple[int, str, dict[str, str]]:
    """All of an answer that could tell something."""
    headers = {k.lower(): v for k, v in answer.headers.items() if k.lower() not in OWN}
    # Seconds pass between one question and the next.
    wait = headers.get("retry-after", "")
    if wait:
        headers["retry-after"] = f"{int(wait) / 60:.0f} minutes"
        headers.pop("content-length")
    text = answer.text.replace(email, "<address>").replace(f"{wait} seconds", "a while")
    return answer.status_code, text, headers


def told(server: Server, question: str, email: str, times: int = 7) -> list[Any]:
    """What somebody is told who asks again and again, until there are too many."""
    method, path, fields = QUESTIONS[question]
    with browser(server) as attacker:
        answers = [
            attacker.request(method, path, **{kind: {"email": email, **fields}})
            for kind in ("data", "json")
            for _ in range(times)
        ]
    return [seen(answer, email) for answer in answers]


@pytest.mark.parametrize("mail", ["up", "down"])
def test_an_address_with_an_account_reads_like_one_without(
    server: Serve, post_office: PostOffice, mail: str
) -> None:
    """A13: status, body and headers, of every question, asked until a limit answers."""
    post = post_office()
    running = server(workers=2, smtp_url=post.url(), mail_from=SENDER)
    if mail == "down":
        post.stop()
    first = Person(running).register()
    for question in QUESTIONS:
        # Not by the service: it counts how often an address is registered.
        waiting, verified, unknown = (f"{uuid4().hex[:12]}@example.com" for _ in range(3))
        for copy in (waiting, verified):
            copy_account(running, first.email, copy)
        ask(running, "UPDATE users SET verified_at = created_at WHERE email = ?", verified)
        found = {name: told(running, question, name) for name in (unknown, verified, waiting)}
        assert found[verified] == found[unknown], question
        assert found[waiting] == found[unknown], question
        assert {status for status, _, _ in found[unknown]} <= {200, 400, 401, 403, 429}


def test_what_one_owns_may_be_seen(server: Serve, post_office: PostOffice) -> None:
    """A13: with the right password an account is an account: the comparison would find it."""
    running = server(smtp_url=post_office().url(), mail_from=SENDER)
    person = Person(running).register()
    ask(running, "UPDATE users SET verified_at = created_at WHERE email = ?", person.email)
    right, wrong = person.try_login(), person.try_login(WRONG)
    assert seen(right, person.email) != seen(wrong, person.email)
