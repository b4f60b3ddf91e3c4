"""Passkeys on pages: a script has the browser sign, and the page's form sends what it signed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from pydantic_core import from_json

from vestibule.auth.devices import in_words
from vestibule.auth.errors import LoginNotRecent, NoSession, Refusal, UnknownFactor
from vestibule.auth.passkey_errors import WrongPasskey
from vestibule.web.door import FORMS, auth, form, hand_over, session_id
from vestibule.web.factor_forms import FACTORS, acted, changed, listed, named
from vestibule.web.login_form import (
    LOGIN,
    NOT_RECENT,
    TOO_OFTEN,
    USUAL_NEXT,
    ended,
    login_form,
    login_refused,
    not_recent,
    owed,
    own_page,
    proof_form,
    step_form,
)
from vestibule.web.openapi import Answer, Operation, describe, page
from vestibule.web.passkey_bodies import Name, PasskeyForm
from vestibule.web.sheet import called, go, safe_next, show
from vestibule.web.visitors import ceremony, device

passkey_pages = Blueprint("passkey_pages", __name__)

TICKET = "login.Gm9vYmFyIGlzIG5vYm9keSdzIGtleSwgYnV0IGEga2V5.1795283121.7d3f.mZ0jQ4YbUe1W"
SENT = {"ticket": TICKET, "credential": "{}", "next": "/account"}
NONE = page(404, "There is no such passkey")
NEEDED = page(409, "The account needs it")
DONE = Answer(303, "Done; go on there", headers=("Location", "Set-Cookie"))


@passkey_pages.post("/login/passkey")
@describe(
    Operation(
        "What pages send with a passkey that was shown: log in, finish a login, or prove once more "
        "who you are",
        (
            DONE,
            page(401, "It does not open this account"),
            page(403, "It was asked for too long ago, or the login is over"),
            TOO_OFTEN,
        ),
        body=PasskeyForm,
        kinds=FORMS,
        example=SENT | {"purpose": "login"},
    )
)
def show_passkey() -> Response:
    """Take it and go on, or show the form again with the reason."""
    fields = form()
    ticket, onward, purpose = (fields.get(name, "") for name in ("ticket", "next", "purpose"))
    logins = auth().factors.passkey_logins
    try:
        done = logins.show(
            ticket,
            _credential(fields),
            session_id=session_id(),
            ceremony=ceremony(),
            device=device(),
        )
    except Refusal as refusal:
        return _once_more(refusal, purpose, onward)
    noted = "proved" if done.purpose == "proof" else ""
    return hand_over(go(safe_next(onward) or USUAL_NEXT, noted), done.session_id)


def _once_more(refusal: Refusal, purpose: str, onward: str) -> Response:
    if purpose == "proof":
        return proof_form(next=onward, refusal=refusal)
    found = owed() if purpose == "factor" else None
    if found:
        return step_form(found, next=onward, refusal=refusal)
    if purpose == "factor" and isinstance(refusal, WrongPasskey):
        # It was one too many.
        return login_form(401, next=onward, why="over")
    return login_refused(refusal, next=onward, email="")


@passkey_pages.post("/account/factors/passkeys")
@describe(
    Operation(
        "What pages send with a passkey that was made: add it to your account",
        (
            page(200, "Recovery codes, shown this once"),
            DONE,
            page(400, "It is none that can be used here"),
            LOGIN,
            NOT_RECENT,
            page(409, "An account has it, or there are as many as there may be"),
            TOO_OFTEN,
        ),
        body=PasskeyForm,
        kinds=FORMS,
        example=SENT,
        cookie=True,
    )
)
def add() -> Response:
    """Take it, or say why not."""
    fields = form()
    onward, desk = fields.get("next", ""), auth().factors.passkeys
    asks = device()
    name = called(in_words(asks.user_agent)).unescape()
    try:
        done = desk.add(session_id(), fields.get("ticket", ""), name, _credential(fields), asks)
    except NoSession:
        return ended(FACTORS)
    except LoginNotRecent:
        return not_recent(FACTORS)
    except Refusal as refusal:
        return listed(refusal)
    return changed(done.changed, "passkey_added", onward)


def _credential(fields: dict[str, str]) -> dict[str, Any]:
    """What the script sent; what is none is refused as one that is wrong."""
    try:
        # As in ``door``: it recurses without limit nowhere.
        sent = from_json(fields.get("credential", ""), allow_inf_nan=False)
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}


@passkey_pages.get("/account/factors/passkeys/<public_id>")
@describe(
    Operation(
        "The page of one of your passkeys",
        (page(200, "It"), LOGIN, NONE),
        path=("public_id",),
        cookie=True,
    )
)
def passkey(public_id: str) -> Response:
    """Show its name, and the way to take it away."""
    try:
        found = auth().factors.enrolments.listing(session_id())
    except NoSession:
        return ended()
    for each in found.passkeys:
        if each.public_id == public_id:
            return show("account_passkey.html", passkey=named(each))
    return listed(UnknownFactor())


@passkey_pages.post("/account/factors/passkeys/<public_id>/name")
@describe(
    Operation(
        "What the form for its name sends",
        (DONE, LOGIN, NOT_RECENT, NONE),
        body=Name,
        kinds=FORMS,
        example={"name": "the blue telephone"},
        path=("public_id",),
        cookie=True,
    )
)
def rename(public_id: str) -> Response:
    """Give it the name."""
    name, desk = form().get("name", ""), auth().factors.passkeys
    try:
        desk.rename(session_id(), public_id, name)
    except NoSession:
        return ended(FACTORS)
    except LoginNotRecent:
        return not_recent(f"{FACTORS}/passkeys/{public_id}")
    except Refusal as refusal:
        return listed(refusal)
    return go(FACTORS, "passkey_renamed")


@passkey_pages.post("/account/factors/passkeys/<public_id>/remove")
@describe(
    Operation(
        "What the button to take it away sends",
        (DONE, LOGIN, NOT_RECENT, NONE, NEEDED, TOO_OFTEN),
        path=("public_id",),
        cookie=True,
    )
)
def remove(public_id: str) -> Response:
    """Take it away, or say why not."""
    desk, back = auth().factors.passkeys, f"{FACTORS}/passkeys/{public_id}"
    return acted(lambda: desk.remove(session_id(), public_id), "passkey_removed", back)


@passkey_pages.get("/account/factors/password")
@describe(
    Operation(
        "The form to have passkeys alone open your account", (page(200, "It"), LOGIN), cookie=True
    )
)
def password_form() -> Response:
    """Show what that means."""
    return own_page("account_password_remove.html")


@passkey_pages.post("/account/factors/password")
@describe(
    Operation(
        "What that form sends: the password opens nothing any more",
        (DONE, LOGIN, NOT_RECENT, NONE, NEEDED, TOO_OFTEN),
        cookie=True,
    )
)
def drop_password() -> Response:
    """Drop it, or say why not."""
    desk, back = auth().factors.passkeys, f"{FACTORS}/password"
    return acted(lambda: desk.drop_password(session_id()), "password_removed", back)
