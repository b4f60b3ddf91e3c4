"""The pages behind the links of mails about addresses: looking changes nothing, sending acts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import FactorOwed, LoginNotRecent, NoSession
from vestibule.auth.tokens import CHANGE, UNDO, VERIFY
from vestibule.web.bodies import (
    TOKEN,
    AddressAndMessage,
    Link,
    LinkAndPassword,
    LinkAndPasswordIfAny,
)
from vestibule.web.door import FORMS, answer, auth, hand_over, read, session_id
from vestibule.web.link_form import done, sent, shown
from vestibule.web.login_form import ask_for_factor, login_form, not_recent
from vestibule.web.openapi import (
    BAD_CREDENTIALS,
    BAD_TOKEN,
    BUSY_PAGE,
    FACTOR_OWED,
    TOO_LONG,
    TOO_MANY,
    Answer,
    Operation,
    describe,
    field_refusal,
    page,
)
from vestibule.web.origins import foreign
from vestibule.web.visitors import device

links = Blueprint("links", __name__)

OVER = page(403, "The link is over")
WRONG = page(401, "It is not the password")
TOO_LONG_PAGE = page(400, "The password is too long")
TOO_OFTEN = page(429, "The password was tried too often")._replace(headers=("Retry-After",))
EXAMPLE = {"token": TOKEN, "password": "paint dries slowly"}


@links.post("/verify_email")
@describe(
    Operation(
        "Verify the address that you registered, and log in",
        (
            Answer(
                200,
                "It is verified; the session is in the cookie",
                {"email": "alice@example.com", "message": "email verified"},
                (AddressAndMessage,),
                headers=("Set-Cookie",),
            ),
            TOO_LONG,
            field_refusal(400),
            BAD_CREDENTIALS,
            FACTOR_OWED,
            BAD_TOKEN,
            TOO_MANY,
        ),
        body=LinkAndPassword,
        example=EXAMPLE,
    )
)
def verify() -> ResponseReturnValue:
    """Spend the token that the address got, and hand over a session."""
    body = read(LinkAndPassword, missing=400)
    email, session = auth().registrations.verify(body.token, body.password, device(), session_id())
    return hand_over(answer(email=email, message="email verified"), session)


@links.get("/verify_email")
@describe(
    Operation(
        "Where the link to a registered address leads: a form for the password",
        (page(200, "The form"), OVER),
        query=("token",),
    )
)
def verify_form() -> ResponseReturnValue:
    """Show the form."""
    return shown(VERIFY, "verify.html")


@links.post("/verify_email/form")
@describe(
    Operation(
        "What the form at a registered address sends",
        (
            page(200, "The address is verified; the session is in the cookie"),
            Answer(303, "It is verified; a second factor is asked for", headers=("Location",)),
            TOO_LONG_PAGE,
            WRONG,
            OVER,
            TOO_OFTEN,
            BUSY_PAGE,
        ),
        body=LinkAndPassword,
        kinds=FORMS,
        example=EXAMPLE,
    )
)
def verify_by_form() -> ResponseReturnValue:
    """Verify and log in, or show the form again with the reason."""

    def act(token: str, password: str) -> ResponseReturnValue:
        try:
            email, session = auth().registrations.verify(token, password, device(), session_id())
        except FactorOwed as refusal:
            return ask_for_factor(refusal, "", "verified")
        return hand_over(done("verify", email), session)

    return sent(act, "verify.html", "password_wrong_at_verifying")


@links.get("/profile/email/confirm")
@describe(
    Operation(
        "Where the link to a new address leads: a form for the password, if there is one",
        (page(200, "The form"), OVER),
        query=("token",),
    )
)
def confirm_form() -> ResponseReturnValue:
    """Show the form."""
    return shown(CHANGE, "confirm.html", _whether_with_password)


def _whether_with_password(token: str) -> dict[str, Any]:
    return {"password": auth().email_changes.needs_password(token)}


@links.post("/profile/email/confirm/form")
@describe(
    Operation(
        "What the form at a new address sends",
        (
            page(200, "The address is changed"),
            TOO_LONG_PAGE,
            page(401, "It is not the password; or there is none, and nobody is logged in"),
            page(403, "The link is over; or there is no password, and the login is too long ago"),
            page(409, "Another account has the address"),
            TOO_OFTEN,
            BUSY_PAGE,
        ),
        body=LinkAndPasswordIfAny,
        kinds=FORMS,
        example=EXAMPLE,
    )
)
def confirm() -> ResponseReturnValue:
    """Change the address, or show the form again with the reason."""

    def act(token: str, password: str) -> ResponseReturnValue:
        holder = None if foreign() else session_id()
        back = f"/profile/email/confirm?{urlencode({'token': token})}"
        try:
            email = auth().email_changes.confirm(token, password, device(), holder)
        except NoSession:
            return login_form(401, next=back, why="first")
        except LoginNotRecent:
            return not_recent(back)
        return done("confirm", email)

    return sent(act, "confirm.html", given=_whether_with_password)


@links.get("/profile/email/undo")
@describe(
    Operation(
        "Where the link to an earlier address leads: a form with one button",
        (page(200, "The form"), OVER),
        query=("token",),
    )
)
def undo_form() -> ResponseReturnValue:
    """Show the form."""
    return shown(UNDO, "undo.html")


@links.post("/profile/email/undo/form")
@describe(
    Operation(
        "What the form at an earlier address sends",
        (
            page(200, "The address is what it was"),
            OVER,
            page(409, "Another account has the address"),
        ),
        body=Link,
        kinds=FORMS,
        example={"token": TOKEN},
    )
)
def undo() -> ResponseReturnValue:
    """Restore the address, or show the form again with the reason."""

    def act(token: str, _: str) -> ResponseReturnValue:
        email = auth().email_changes.undo(token)
        return done("undo", email)

    return sent(act, "undo.html")
