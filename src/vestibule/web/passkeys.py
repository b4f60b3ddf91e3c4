"""Passkeys as JSON: asked for and shown, and those of one's own account.

What a browser is asked for, and what it answers, are the JSON forms of WebAuthn Level 3 (section
5.1.8): a script hands them on as they are.
"""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from vestibule.auth.enrolments import OwnPasskey
from vestibule.auth.errors import ChallengeOver, FactorNeeded, UnknownFactor
from vestibule.auth.passkey_errors import (
    FactorsFull,
    KnownPasskey,
    PasskeyNeeded,
    PasskeyRefused,
    PasskeysUnavailable,
)
from vestibule.web import passkey_bodies as bodies
from vestibule.web.door import answer, auth, hand_over, read, session_id
from vestibule.web.openapi import (
    JSON,
    NO_SESSION,
    NOT_RECENT,
    TOO_MANY,
    Answer,
    Operation,
    describe,
    field_refusal,
    refusal,
)
from vestibule.web.visitors import device

passkeys = Blueprint("passkeys", __name__)

EMAIL = "alice@example.com"
CODES = ["8M3K-0VQT-5XNA-R7GH-2D9W-PJ4E", "C1YB-6FZS-TKQ8-M0A3-VNHX-57RG"]
ID, KEY = "9f86d081884c7d65", "Gm9vYmFyIGlzIG5vYm9keSdzIGtleSwgYnV0IGEga2V5"
DATA = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0"
TICKET = f"login.{KEY}.1795283121.7d3f.mZ0jQ4YbUe1W"
CREATION = {
    "rp": {"name": "auth.example.com", "id": "auth.example.com"},
    "user": {"id": "XwwtGvCpTC-PHXo_DJseRA", "name": EMAIL, "displayName": EMAIL},
    "challenge": KEY,
    "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in (-8, -7, -257)],
    "timeout": 300000,
    "excludeCredentials": [],
    "authenticatorSelection": {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    },
    "attestation": "none",
}
SHOWN = {
    "id": KEY,
    "rawId": KEY,
    "type": "public-key",
    "response": {"clientDataJSON": DATA, "authenticatorData": DATA, "signature": DATA},
    "clientExtensionResults": {},
}
MADE = SHOWN | {"response": {"clientDataJSON": DATA, "attestationObject": DATA, "transports": []}}
COOKIE = ("Set-Cookie",)
REFUSED = refusal(PasskeyRefused.code, str(PasskeyRefused()))
OVER = refusal(ChallengeOver.code, str(ChallengeOver()))
UNAVAILABLE = refusal(PasskeysUnavailable.code, str(PasskeysUnavailable()))
FULL = refusal(FactorsFull.code, str(FactorsFull()))
KNOWN = refusal(KnownPasskey.code, str(KnownPasskey()))
NEEDED = refusal(FactorNeeded.code, str(FactorNeeded()))
LAST = refusal(PasskeyNeeded.code, str(PasskeyNeeded()))
NONE = refusal(UnknownFactor.code, str(UnknownFactor()))


@passkeys.post("/factors/passkeys/challenge")
@describe(
    Operation(
        "Ask for what a browser makes a passkey of; nothing is changed yet",
        (
            Answer(
                200,
                "Hand publicKey to the browser, and send its answer with the ticket, within five "
                "minutes",
                {"ticket": TICKET, "publicKey": CREATION},
                (bodies.Asked,),
            ),
            NO_SESSION,
            NOT_RECENT,
            FULL,
            UNAVAILABLE,
        ),
        cookie=True,
    )
)
def offer() -> ResponseReturnValue:
    """Hand out a challenge for a new passkey."""
    asked = auth().factors.passkeys.offer(session_id())
    return answer(ticket=asked.ticket, publicKey=asked.public_key)


@passkeys.post("/factors/passkeys")
@describe(
    Operation(
        "Add a passkey to your account",
        (
            Answer(
                200,
                "It opens your account from now on. The first factor brings recovery codes, shown "
                "this once. Other sessions are over; the cookie has a new id",
                {
                    "id": ID,
                    "name": "Firefox on Linux",
                    "message": "passkey added",
                    "recovery_codes": CODES,
                },
                (bodies.AddedPasskey,),
                headers=COOKIE,
            ),
            field_refusal(400),
            REFUSED,
            NO_SESSION,
            NOT_RECENT,
            OVER,
            KNOWN,
            FULL,
            UNAVAILABLE,
            TOO_MANY,
        ),
        body=bodies.MadePasskey,
        example={"ticket": TICKET, "name": "Firefox on Linux", "credential": MADE},
        kinds=(JSON,),
        cookie=True,
    )
)
def add() -> ResponseReturnValue:
    """Take what the browser made."""
    sent = read(bodies.MadePasskey, missing=400)
    done = auth().factors.passkeys.add(
        session_id(), sent.ticket, sent.name, sent.credential, device()
    )
    told = {"id": done.public_id, "name": done.name, "message": "passkey added"}
    shown = answer(**told, recovery_codes=done.changed.recovery_codes)
    return hand_over(shown, done.changed.session_id)


@passkeys.put("/factors/passkeys/<public_id>")
@describe(
    Operation(
        "Give a passkey of yours another name",
        (
            Answer(
                200, "It has it", {"id": ID, "name": "the blue telephone"}, (bodies.NamedPasskey,)
            ),
            field_refusal(400),
            NO_SESSION,
            NOT_RECENT,
            NONE,
        ),
        body=bodies.Name,
        example={"name": "the blue telephone"},
        cookie=True,
        path=("public_id",),
    )
)
def rename(public_id: str) -> ResponseReturnValue:
    """Take a name."""
    sent = read(bodies.Name, missing=400)
    name = auth().factors.passkeys.rename(session_id(), public_id, sent.name)
    return answer(id=public_id, name=name)


@passkeys.delete("/factors/passkeys/<public_id>")
@describe(
    Operation(
        "Take a passkey from your account",
        (
            Answer(
                200,
                "It opens nothing any more; the recovery codes go with the last factor. Other "
                "sessions are over; the cookie has a new id",
                {"message": "passkey removed"},
                (bodies.Removed,),
                headers=COOKIE,
            ),
            NO_SESSION,
            NOT_RECENT,
            NONE,
            NEEDED,
            LAST,
            TOO_MANY,
        ),
        cookie=True,
        path=("public_id",),
    )
)
def remove(public_id: str) -> ResponseReturnValue:
    """Remove a passkey."""
    done = auth().factors.passkeys.remove(session_id(), public_id)
    return hand_over(answer(message="passkey removed"), done.session_id)


@passkeys.delete("/profile/password")
@describe(
    Operation(
        "Have your account opened by passkeys alone",
        (
            Answer(
                200,
                "No password opens it any more. Other sessions are over; the cookie has a new id",
                {"message": "password removed"},
                (bodies.Removed,),
                headers=COOKIE,
            ),
            NO_SESSION,
            NOT_RECENT,
            NONE,
            LAST,
            TOO_MANY,
        ),
        cookie=True,
    )
)
def drop_password() -> ResponseReturnValue:
    """Remove the password."""
    done = auth().factors.passkeys.drop_password(session_id())
    return hand_over(answer(message="password removed"), done.session_id)


def described(each: OwnPasskey) -> dict[str, object]:
    """A passkey as its owner sees it."""
    last = each.last_used_at
    return {
        "id": each.public_id,
        "name": each.name,
        "created_at": each.created_at.isoformat(timespec="seconds"),
        "last_used_at": last.isoformat(timespec="seconds") if last else None,
        "backed_up": each.backed_up,
    }
