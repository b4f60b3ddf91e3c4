"""One's own account: another password, all that is stored about it, and its end."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from vestibule.web.bodies import (
    TOKEN,
    Activity,
    AddressAndMessage,
    Export,
    Link,
    LinkAndPasswordIfAny,
    NewAddress,
    PasswordChange,
)
from vestibule.web.door import answer, auth, forget, hand_over, page_before, read, session_id
from vestibule.web.openapi import (
    BAD_ADDRESS,
    BAD_CREDENTIALS,
    BAD_TOKEN,
    FACTOR_OWED,
    IN_USE,
    NO_SESSION,
    NOT_RECENT,
    REFUSED_PASSWORD,
    TOO_LONG,
    TOO_MANY,
    Answer,
    Operation,
    describe,
    field_refusal,
    refusal,
)
from vestibule.web.problems import BadFields
from vestibule.web.visitors import device

profile = Blueprint("profile", __name__, url_prefix="/profile")

EMAIL, NEW_EMAIL = "alice@example.com", "alice@example.net"
ASKED = "if that address can be yours, a link is on its way to it"
THEN = "2026-11-20T17:25:21+00:00"
EVENT = {
    "at": THEN,
    "act": "login",
    "outcome": "accepted",
    "session": "9f86d081884c7d65",
    "origin": "192.0.2.7",
}
EXPORT = {
    "account": {
        "email": EMAIL,
        "created_at": THEN,
        "verified_at": None,
        "administrator": False,
        "factors_end_at": None,
        "pseudonym": "5f0c2ad1f0a94c2f8f1d7a3f0c9b1e44",
    },
    "sessions": [
        {
            "created_at": THEN,
            "last_seen_at": THEN,
            "expires_at": "2026-12-20T17:25:21+00:00",
            "device": "Firefox on Linux",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0",
            "address": "192.0.2.7",
            "amr": ["mfa", "otp", "pwd"],
            "proved_at": THEN,
        }
    ],
    "logins": [{"expires_at": THEN}],
    "factors": {
        "otp": {"created_at": THEN},
        "passkeys": [
            {
                "name": "Firefox on Linux",
                "created_at": THEN,
                "last_used_at": None,
                "sign_count": 0,
                "transports": ["internal"],
                "backed_up": True,
            }
        ],
        "recovery_codes": 10,
    },
    "tokens": [{"purpose": "reset", "expires_at": THEN, "address": None}],
    "mails": [{"kind": "reset", "queued_at": THEN, "recipient": EMAIL, "about": None}],
    "activity": [EVENT],
}


@profile.put("/password")
@describe(
    Operation(
        "Change your password",
        (
            Answer(
                200,
                "It is changed. All sessions are over; a fresh one is in the cookie",
                {"email": EMAIL, "message": "Password updated"},
                (AddressAndMessage,),
                headers=("Set-Cookie",),
            ),
            REFUSED_PASSWORD,
            TOO_LONG,
            field_refusal(400),
            BAD_CREDENTIALS,
            FACTOR_OWED,
            NO_SESSION,
            NOT_RECENT,
            TOO_MANY,
        ),
        body=PasswordChange,
        example={"current_password": "paint dries slowly", "new_password": "rain on a tin roof"},
        cookie=True,
    )
)
def change_password() -> ResponseReturnValue:
    """Set another password, and hand over a fresh session."""
    form = read(PasswordChange, missing=400)
    if not form.current_password and auth().accounts.has_password(session_id()):
        raise BadFields(400, "current_password is missing.")
    email, session = auth().accounts.change_password(
        session_id(), form.current_password, form.new_password, device()
    )
    return hand_over(answer(email=email, message="Password updated"), session)


@profile.put("/email")
@describe(
    Operation(
        "Ask for another address for your account",
        (
            Answer(
                200,
                "Asked for; the account keeps its address until the new one is confirmed",
                {"email": NEW_EMAIL, "message": ASKED},
                (AddressAndMessage,),
            ),
            BAD_ADDRESS,
            TOO_LONG,
            field_refusal(400),
            BAD_CREDENTIALS,
            NO_SESSION,
            NOT_RECENT,
            IN_USE,
            refusal("undo_open", "Your address was changed a short while ago."),
            TOO_MANY,
        ),
        body=NewAddress,
        example={"email": NEW_EMAIL, "password": "paint dries slowly"},
        cookie=True,
    )
)
def change_email() -> ResponseReturnValue:
    """Mail a link to the new address, and tell the old one."""
    form = read(NewAddress, missing=400)
    if not form.password and auth().accounts.has_password(session_id()):
        raise BadFields(400, "password is missing.")
    auth().email_changes.request(session_id(), form.email, form.password, device())
    return answer(email=form.email, message=ASKED)


@profile.post("/email/confirm")
@describe(
    Operation(
        "Confirm the new address of your account",
        (
            Answer(
                200,
                "The account has it from now on",
                {"email": NEW_EMAIL, "message": "email changed"},
                (AddressAndMessage,),
            ),
            TOO_LONG,
            field_refusal(400),
            BAD_CREDENTIALS,
            NO_SESSION,
            NOT_RECENT,
            BAD_TOKEN,
            IN_USE,
            TOO_MANY,
        ),
        body=LinkAndPasswordIfAny,
        example={"token": TOKEN, "password": "paint dries slowly"},
    )
)
def confirm_email() -> ResponseReturnValue:
    """Spend the token that the new address got."""
    form, desk = read(LinkAndPasswordIfAny, missing=400), auth().email_changes
    if not form.password and desk.needs_password(form.token):
        raise BadFields(400, "password is missing.")
    email = desk.confirm(form.token, form.password, device(), session_id())
    return answer(email=email, message="email changed")


@profile.post("/email/undo")
@describe(
    Operation(
        "Keep or restore the address of your account, where it was not you who changed it",
        (
            Answer(
                200,
                "It is what it was. Sessions are over, and a mail leads to a new password",
                {"email": EMAIL, "message": "email restored"},
                (AddressAndMessage,),
            ),
            field_refusal(400),
            BAD_TOKEN,
            IN_USE,
        ),
        body=Link,
        example={"token": TOKEN},
    )
)
def undo_email() -> ResponseReturnValue:
    """Spend the token that the earlier address got."""
    form = read(Link, missing=400)
    email = auth().email_changes.undo(form.token)
    return answer(email=email, message="email restored")


@profile.delete("")
@describe(
    Operation(
        "Delete your account",
        (
            Answer(
                200,
                "It is gone, with everything that was stored about it",
                {"email": EMAIL, "message": "account deleted"},
                (AddressAndMessage,),
                headers=("Set-Cookie",),
            ),
            NO_SESSION,
            NOT_RECENT,
        ),
        cookie=True,
    )
)
def delete() -> ResponseReturnValue:
    """Remove the account of who asks."""
    email = auth().accounts.delete(session_id())
    return forget(answer(email=email, message="account deleted"))


@profile.get("/export")
@describe(
    Operation(
        "Take along all that is stored about you",
        (
            Answer(200, "Everything but secrets and hashes", EXPORT, (Export,)),
            NO_SESSION,
            NOT_RECENT,
        ),
        cookie=True,
    )
)
def export() -> ResponseReturnValue:
    """Tell all that is stored about who asks."""
    return answer(**auth().accounts.export(session_id()))


@profile.get("/activity")
@describe(
    Operation(
        "See what was done with your account, and what was refused",
        (
            Answer(
                200,
                "The newest acts; further pages begin before the number in next",
                {"activity": [EVENT], "next": None},
                (Activity,),
            ),
            NO_SESSION,
        ),
        query=("before",),
        cookie=True,
    )
)
def activity() -> ResponseReturnValue:
    """Tell a page of the acts of who asks; a number that is none is not there."""
    return answer(**auth().accounts.activity(session_id(), page_before()))
