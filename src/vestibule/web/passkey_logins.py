"""Passkeys that are shown, as JSON: to log in, besides a password, or to prove who asks."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import LoginOver
from vestibule.auth.passkey_errors import CopiedPasskey, WrongPasskey
from vestibule.web import passkey_bodies as bodies
from vestibule.web.door import answer, auth, hand_over, kept_close, read, session_id
from vestibule.web.openapi import (
    JSON,
    NO_SESSION,
    TOO_MANY,
    Answer,
    Operation,
    describe,
    field_refusal,
    refusal,
)
from vestibule.web.passkeys import COOKIE, EMAIL, KEY, OVER, SHOWN, TICKET, UNAVAILABLE
from vestibule.web.visitors import CEREMONY, ceremony, cookie_name, device

passkey_logins = Blueprint("passkey_logins", __name__)

REQUEST = {
    "challenge": KEY,
    "timeout": 300000,
    "rpId": "auth.example.com",
    "allowCredentials": [],
    "userVerification": "required",
}
WRONG = refusal(WrongPasskey.code, str(WrongPasskey()))
COPIED = refusal(CopiedPasskey.code, str(CopiedPasskey()))
LOGIN_OVER = refusal(LoginOver.code, str(LoginOver()))


@passkey_logins.post("/sessions/passkey/challenge")
@describe(
    Operation(
        "Ask for what a passkey is to sign",
        (
            Answer(
                200,
                "Hand publicKey to the browser, and send its answer with the ticket, from the "
                "same browser, within five minutes",
                {"ticket": TICKET, "publicKey": REQUEST},
                (bodies.Asked,),
            ),
            field_refusal(400),
            LOGIN_OVER,
            NO_SESSION,
            UNAVAILABLE,
        ),
        body=bodies.Wanted,
        example={"purpose": "login"},
    )
)
def ask() -> ResponseReturnValue:
    """Hand out a challenge: to who is nobody yet with a cookie, to know them by."""
    purpose = read(bodies.Wanted, missing=400).purpose
    # Kept where there is one: two tabs are one browser.
    holder = ceremony() if purpose == "login" else session_id()
    asked = auth().factors.passkey_logins.ask(purpose, holder)
    response = answer(ticket=asked.ticket, publicKey=asked.public_key)
    if purpose == "login":
        response.set_cookie(cookie_name(CEREMONY), asked.holder, **kept_close())
    return response


@passkey_logins.post("/sessions/passkey")
@describe(
    Operation(
        "Show a passkey: log in with it, finish a login, or prove once more who you are",
        (
            Answer(
                200,
                "What the ticket was asked for is done: logged in, or proved. The session is in "
                "the cookie",
                {"email": EMAIL, "message": "logged in"},
                (bodies.EnteredByPasskey,),
                headers=COOKIE,
            ),
            field_refusal(400),
            WRONG,
            COPIED,
            refusal("email_unverified", "This address is not verified yet."),
            OVER,
            LOGIN_OVER,
            NO_SESSION,
            UNAVAILABLE,
            TOO_MANY,
        ),
        body=bodies.ShownPasskey,
        example={"ticket": TICKET, "credential": SHOWN},
        kinds=(JSON,),
    )
)
def show() -> ResponseReturnValue:
    """Take what the browser signed, and hand over the session."""
    sent = read(bodies.ShownPasskey, missing=400)
    done = auth().factors.passkey_logins.show(
        sent.ticket,
        sent.credential,
        session_id=session_id(),
        ceremony=ceremony(),
        device=device(),
    )
    message = "proved" if done.purpose == "proof" else "logged in"
    return hand_over(answer(email=done.email, message=message), done.session_id)
