"""A02, A04 to A07: a reset token is in the mail alone, and works once, whole, and for a reset."""

from __future__ import annotations

from collections import Counter

import pytest
import requests

from tests.attacks.people import PASSWORD, Person, browser, opens, scan
from tests.attacks.routes import routes
from tests.conftest import Serve
from tests.stage.crowd import at_once
from tests.stage.server import Server
from tests.stage.visits import NEW_PASSWORD, eventually


def test_only_the_mail_has_the_token(target: Server, victim: Person) -> None:
    """A02: body, headers and log, of the request and of everything done with the link."""
    answer = victim.ask_reset()
    token = victim.mailed_token()
    link = browser(target).get("/reset_password", params={"token": token})
    spent = victim.set_password(token)
    again = victim.set_password(token)
    assert (link.status_code, spent.status_code, again.status_code) == (200, 200, 403)
    said = [f"{each.status_code} {dict(each.headers)}" for each in (answer, link, spent, again)]
    said += [answer.text, spent.text, again.text, target.running.log, target.running.output]
    for text in said:
        for form in (token, token.replace("-", ""), token[:18], token[19:]):
            assert form not in text
    assert link.headers["Referrer-Policy"] == "strict-origin"
    assert not answer.cookies


def test_of_fifty_spends_at_once_exactly_one_succeeds(target: Server, victim: Person) -> None:
    """A04: half of them by the JSON route, half by the page's form, to two processes."""
    victim.log_in()
    token = victim.reset_token()

    def spend(number: int) -> requests.Response:
        fields = {"reset_token": token, "new_password": f"{NEW_PASSWORD} {number}"}
        with browser(target) as one:
            if number % 2:
                return one.post("/reset_password/new", data=fields)
            return one.put("/reset_password", data=fields | {"email": victim.email})

    answers = at_once(50, spend)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 403: 49}
    (winner,) = (n for n, answer in enumerate(answers) if answer.status_code == 200)
    assert victim.try_login(f"{NEW_PASSWORD} {winner}").status_code == 200
    assert victim.try_login(PASSWORD).status_code == 401


def test_a_newer_token_replaces_the_older(victim: Person) -> None:
    """A05: the older link, seen in a mailbox's archive, is over."""
    older = victim.reset_token()
    newer = victim.reset_token()
    assert victim.set_password(older).status_code == 403
    assert victim.set_password(newer).status_code == 200


def test_a_token_is_over_when_its_time_is(server: Serve) -> None:
    """A05: after its lifetime, here one second."""
    victim = Person(server(reset_lifetime="1s")).register()
    token = victim.reset_token()
    with browser(victim.server) as scanner:
        asked = {"params": {"token": token}}
        eventually(lambda: scanner.get("/reset_password", **asked).status_code == 403)  # type: ignore[arg-type]
    assert victim.set_password(token).status_code == 403
    assert victim.try_login().status_code == 200


def mangled(token: str) -> list[str]:
    """What is nearly the token."""
    end = "0" if token[-1] != "0" else "1"
    return [
        *(token[:length] for length in (1, 8, 16, 35)),
        *(f"{token[:-1]}{end}", f"{token}0", f"{token} ", f" {token}", f"{token}\0", f"{token}\n"),
        *(token.upper() + "x", token.replace("-", ""), f"{{{token}}}", f"urn:uuid:{token}"),
        *(f"{token},{token}", f"{token[:-1]}%", token[::-1], f"{token}\u200b"),
    ]


def test_what_is_nearly_a_token_is_none(victim: Person) -> None:
    """A06: truncated, lengthened, otherwise written."""
    token = victim.reset_token()
    for wrong in mangled(token):
        assert victim.set_password(wrong).status_code == 403, wrong
    assert victim.set_password([token]).status_code == 403
    assert victim.try_login().status_code == 200
    assert victim.set_password(token).status_code == 200


def test_a_session_id_is_no_token_and_a_token_no_session(target: Server, victim: Person) -> None:
    """A06: a secret opens what it was made for."""
    session = victim.log_in()
    token = victim.reset_token()
    assert victim.set_password(session).status_code == 403
    assert not opens(target, token)
    assert victim.set_password(token).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_opening_a_link_consumes_nothing(victim: Person, method: str) -> None:
    """A07: every link of the mail, many times, by what scans mail; then the owner comes."""
    token = victim.reset_token()
    scan(victim.server, victim.mails()[-1], token, method)
    assert victim.try_login().status_code == 200
    assert victim.set_password(token).status_code == 200


def test_nothing_changes_by_a_method_that_only_looks(target: Server) -> None:
    """A07: of all routes that take a token in the address, none acts."""
    acting = [r.label for r in routes(target) if "token" in r.query and r.method != "GET"]
    assert acting == []
