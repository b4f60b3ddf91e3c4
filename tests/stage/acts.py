"""Requests of every route that changes something, and what the audit trail says of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    LINK,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    front_desk,
    mails,
    register,
    set_password,
    try_login,
    visitor,
)
from vestibule.auth.tokens import VERIFY

Ask = Callable[[FlaskClient], TestResponse]


class Told(NamedTuple):
    """A request and what the trail says of it."""

    ask: Ask
    act: str
    outcome: str
    # Whether the row names Alice, and one of her sessions.
    hers: bool = True
    session: bool = True
    also: tuple[str, ...] = ()  # Done before in the same request, the newest first.


def by_form(client: FlaskClient, token: str) -> TestResponse:
    form = {"reset_token": token, "new_password": NEW_PASSWORD}
    return client.post("/reset_password/new", data=form)


def change(client: FlaskClient, current: str) -> TestResponse:
    form = {"current_password": current, "new_password": NEW_PASSWORD}
    return client.put("/profile/password", data=form)


def proof(client: FlaskClient, password: str) -> TestResponse:
    return client.post("/sessions/proof", data={"password": password})


def ask_for_bob(client: FlaskClient, password: str = PASSWORD) -> TestResponse:
    return client.put("/profile/email", data={"email": BOB, "password": password})


def links_in_mails(client: FlaskClient) -> list[str]:
    """The tokens in the mails that are due, oldest first."""
    outbox = front_desk(client.application).outbox
    before = len(mails(outbox.folder))
    outbox.deliver_due()
    return [str(LINK.findall(mail.read_text())[-1]) for mail in mails(outbox.folder)[before:]]


def follow(path: str, link: str = "none") -> Ask:
    """Send what the form at the end of a link does."""
    return lambda client: client.post(path, data={"token": link, "password": PASSWORD})


def link_to_verify(client: FlaskClient) -> str:
    """The token of a mail that asks Alice to verify her address, as if she never had."""
    rows(client.application, "UPDATE users SET verified_at = NULL")
    front_desk(client.application).outbox.queue(VERIFY, ALICE)
    return links_in_mails(client)[-1]


def first_session(client: FlaskClient) -> str:
    return str(client.get("/sessions").get_json()["sessions"][0]["id"])


def stranger(client: FlaskClient) -> FlaskClient:
    return visitor(client.application)


TOLD = {
    "POST /users": [
        Told(lambda c: register(c, BOB), "register", "accepted", hers=False, session=False),
        Told(
            lambda c: c.post("/users", data={"email": ALICE, "password": PASSWORD}),
            *("register", "email_taken"),
            session=False,
        ),
        Told(
            lambda c: c.post("/users", data={"email": "x", "password": PASSWORD}),
            *("register", "email_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "POST /sessions": [
        Told(try_login, "login", "accepted"),
        Told(lambda c: try_login(c, ALICE, WRONG), "login", "credentials_wrong", session=False),
        Told(
            lambda c: try_login(c, BOB, WRONG),
            *("login", "credentials_wrong"),
            hers=False,
            session=False,
        ),
    ],
    "DELETE /sessions": [
        Told(lambda c: c.delete("/sessions"), "logout", "accepted"),
        Told(
            lambda c: stranger(c).delete("/sessions"),
            *("logout", "session_none"),
            hers=False,
            session=False,
        ),
        Told(lambda c: c.delete("/sessions?others=true"), "session.close_others", "accepted"),
    ],
    "DELETE /sessions/{public_id}": [
        Told(lambda c: c.delete(f"/sessions/{first_session(c)}"), "session.close", "accepted"),
        Told(lambda c: c.delete("/sessions/0"), "session.close", "session_unknown"),
    ],
    "POST /reset_password": [
        Told(
            lambda c: c.post("/reset_password", data={"email": ALICE}),
            *("reset.request", "accepted"),
            session=False,
        ),
        Told(
            lambda c: c.post("/reset_password", data={"email": "x"}),
            *("reset.request", "email_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "POST /reset_password/form": [
        Told(
            lambda c: c.post("/reset_password/form", data={"email": ALICE}),
            *("reset.request", "accepted"),
            session=False,
        ),
        Told(
            lambda c: c.post("/reset_password/form", data={"email": "x"}),
            *("reset.request", "email_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "PUT /reset_password": [
        Told(
            lambda c: set_password(c, c.environ_base["token"]),
            *("password.reset", "accepted"),
            session=False,
        ),
        Told(
            lambda c: set_password(c, "no token"),
            *("password.reset", "token_invalid"),
            hers=False,
            session=False,
        ),
        Told(
            lambda c: set_password(c, c.environ_base["token"], "short"),
            *("password.reset", "password_refused"),
            session=False,
        ),
    ],
    "POST /reset_password/new": [
        Told(
            lambda c: by_form(c, c.environ_base["token"]),
            *("password.reset", "accepted"),
            session=False,
        ),
        Told(
            lambda c: by_form(c, "no token"),
            *("password.reset", "token_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "PUT /profile/password": [
        Told(lambda c: change(c, PASSWORD), "password.change", "accepted"),
        Told(lambda c: change(c, WRONG), "password.change", "credentials_wrong"),
    ],
    "DELETE /profile": [
        Told(lambda c: c.delete("/profile"), "account.delete", "accepted"),
        Told(
            lambda c: stranger(c).delete("/profile"),
            *("account.delete", "session_none"),
            hers=False,
            session=False,
        ),
    ],
    "PUT /profile/email": [
        Told(ask_for_bob, "email.request", "accepted"),
        Told(lambda c: ask_for_bob(c, WRONG), "email.request", "credentials_wrong"),
    ],
    "POST /profile/email/confirm": [
        Told(
            lambda c: c.post(
                "/profile/email/confirm", data={"token": "none", "password": PASSWORD}
            ),
            *("email.change", "token_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "POST /profile/email/confirm/form": [
        Told(
            lambda c: c.post(
                "/profile/email/confirm/form", data={"token": "none", "password": PASSWORD}
            ),
            *("email.change", "token_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "POST /profile/email/undo": [
        Told(
            follow("/profile/email/undo"),
            *("email.undo", "token_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "POST /profile/email/undo/form": [
        Told(
            lambda c: c.post(
                "/profile/email/undo/form", data={"token": "none", "password": PASSWORD}
            ),
            *("email.undo", "token_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "POST /verify_email": [
        Told(lambda c: follow("/verify_email", link_to_verify(c))(c), "email.verify", "accepted"),
        Told(
            follow("/verify_email"),
            *("email.verify", "token_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "POST /verify_email/form": [
        Told(
            lambda c: follow("/verify_email/form", link_to_verify(c))(c),
            *("email.verify", "accepted"),
        ),
        Told(
            follow("/verify_email/form"),
            *("email.verify", "token_invalid"),
            hers=False,
            session=False,
        ),
    ],
    "POST /sessions/factor": [
        Told(
            lambda c: stranger(c).post("/sessions/factor", data={"code": "123456"}),
            *("login.factor", "login_over"),
            hers=False,
            session=False,
        ),
    ],
    "POST /sessions/proof": [
        Told(lambda c: proof(c, PASSWORD), "session.prove", "accepted"),
        Told(lambda c: proof(c, WRONG), "session.prove", "credentials_wrong"),
    ],
    "POST /factors/otp": [
        Told(lambda c: c.post("/factors/otp"), "factor.offer", "accepted"),
        Told(
            lambda c: stranger(c).post("/factors/otp"),
            *("factor.offer", "session_none"),
            hers=False,
            session=False,
        ),
    ],
    "PUT /factors/otp": [
        Told(
            lambda c: c.put("/factors/otp", data={"ticket": "none", "code": "123456"}),
            *("factor.add", "challenge_over"),
        ),
    ],
    "DELETE /factors/otp": [
        Told(lambda c: c.delete("/factors/otp"), "factor.remove", "factor_unknown"),
    ],
    "POST /factors/recovery_codes": [
        Told(
            lambda c: c.post("/factors/recovery_codes"),
            *("factor.recovery_codes", "factor_unknown"),
        ),
    ],
    "GET /profile/export": [
        Told(lambda c: c.get("/profile/export"), "account.export", "accepted"),
    ],
}
