"""Second factors as JSON: the second step of a login, the proof, and what an account has."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue

from vestibule.auth.enrolments import Changed
from vestibule.auth.errors import ChallengeOver, FactorNeeded, LoginOver, UnknownFactor, WrongFactor
from vestibule.auth.second_steps import Entered as Stepped
from vestibule.web import factor_bodies as bodies
from vestibule.web.door import answer, auth, hand_over, read, session_id
from vestibule.web.openapi import (
    BAD_CREDENTIALS,
    FACTOR_OWED,
    NO_SESSION,
    NOT_RECENT,
    TOO_LONG,
    TOO_MANY,
    Answer,
    Operation,
    describe,
    field_refusal,
    refusal,
)
from vestibule.web.passkeys import described
from vestibule.web.qr import picture
from vestibule.web.visitors import device

factors = Blueprint("factors", __name__)

EMAIL, THEN = "alice@example.com", "2026-11-20T17:25:21+00:00"
SECRET = "ALRTDKAWXV2PTV7GWRC7SG2JWZVGOEJS"  # noqa: S105 - nobody's.
CODES = ["8M3K-0VQT-5XNA-R7GH-2D9W-PJ4E", "C1YB-6FZS-TKQ8-M0A3-VNHX-57RG"]
TICKET = "a2f1c07be98d3146.mZ0jQ4YbUe1W"
PASSKEY = {
    "id": "9f86d081884c7d65",
    "name": "Firefox on Linux",
    "created_at": THEN,
    "last_used_at": None,
    "backed_up": True,
}
WRONG = refusal(WrongFactor.code, str(WrongFactor()))
OVER = refusal(LoginOver.code, str(LoginOver()))
NONE = refusal(UnknownFactor.code, str(UnknownFactor()))
NEEDED = refusal(FactorNeeded.code, str(FactorNeeded()))
OFFER_OVER = refusal(ChallengeOver.code, str(ChallengeOver()))
COOKIE = ("Set-Cookie",)


@factors.get("/sessions/factor")
@describe(
    Operation(
        "See what a login that is half done still owes",
        (
            Answer(
                200,
                "One of these is enough",
                {"owes": "factor", "factors": ["otp", "recovery"], "expires_at": THEN},
                (bodies.OwedFactor,),
            ),
            OVER,
        ),
        cookie=True,
    )
)
def owed() -> ResponseReturnValue:
    """Tell what is owed."""
    found = auth().factors.steps.owed(session_id())
    return answer(owes=found.owes, factors=found.factors, expires_at=_time(found.expires_at))


@factors.post("/sessions/factor")
@describe(
    Operation(
        "Finish a login with a code",
        (
            Answer(
                200,
                "Logged in; the session is in the cookie, under another id than before",
                {"email": EMAIL, "message": "logged in", "recovery_codes": None},
                (bodies.Entered,),
                headers=COOKIE,
            ),
            field_refusal(400),
            FACTOR_OWED,
            WRONG,
            OVER,
            TOO_MANY,
        ),
        body=bodies.Code,
        example={"code": "492039"},
        cookie=True,
    )
)
def finish() -> ResponseReturnValue:
    """Take the code, and hand over the session."""
    sent = read(bodies.Code, missing=400)
    return _entered(auth().factors.steps.finish(session_id(), sent.code, device()), "logged in")


@factors.post("/sessions/proof")
@describe(
    Operation(
        "Show once more who you are, for what needs a recent login",
        (
            Answer(
                200,
                "For a while it counts as just logged in; the cookie has a new id",
                {"email": EMAIL, "message": "proved", "recovery_codes": None},
                (bodies.Entered,),
                headers=COOKIE,
            ),
            field_refusal(400),
            TOO_LONG,
            BAD_CREDENTIALS,
            FACTOR_OWED,
            WRONG,
            NO_SESSION,
            TOO_MANY,
        ),
        body=bodies.Proof,
        example={"password": "paint dries slowly", "code": "492039"},
        cookie=True,
    )
)
def prove() -> ResponseReturnValue:
    """Take password and code, and hand over the session's new id."""
    sent = read(bodies.Proof, missing=400)
    steps = auth().factors.steps
    return _entered(steps.prove(session_id(), sent.password, sent.code, device()), "proved")


@factors.get("/factors")
@describe(
    Operation(
        "See what your account has besides its password",
        (
            Answer(
                200,
                "The authenticator, if there is one; passkeys; what recovery codes are left; and "
                "whether the account has to have a factor, and has a password. ``end_at``: when an "
                "operator's way back takes all factors away",
                {
                    "otp": {"created_at": THEN},
                    "passkeys": [PASSKEY],
                    "recovery_codes": 10,
                    "required": False,
                    "end_at": None,
                    "password": True,
                },
                (bodies.FactorsOfAccount,),
            ),
            NO_SESSION,
        ),
        cookie=True,
    )
)
def listing() -> ResponseReturnValue:
    """Tell the factors of who asks."""
    found = auth().factors.enrolments.listing(session_id())
    otp = {"created_at": _time(found.otp)} if found.otp else None
    return answer(
        otp=otp,
        passkeys=[described(each) for each in found.passkeys],
        recovery_codes=found.recovery_codes,
        required=found.required,
        end_at=_time(found.end_at) if found.end_at else None,
        password=found.password,
    )


@factors.post("/factors/otp")
@describe(
    Operation(
        "Get a secret for your authenticator; nothing is changed yet",
        (
            Answer(
                200,
                "The secret, as text, link and picture; send a code of it with the ticket",
                {
                    "secret": SECRET,
                    "uri": f"otpauth://totp/auth.example.com:alice%40example.com?secret={SECRET}"
                    "&issuer=auth.example.com",
                    "qr": '<svg class="qr" viewBox="0 0 49 49"></svg>',
                    "ticket": TICKET,
                },
                (bodies.Offer,),
            ),
            NO_SESSION,
            NOT_RECENT,
        ),
        cookie=True,
    )
)
def offer() -> ResponseReturnValue:
    """Hand out a secret."""
    made = auth().factors.enrolments.offer(session_id())
    return answer(secret=made.secret, uri=made.uri, qr=picture(made.uri), ticket=made.ticket)


@factors.put("/factors/otp")
@describe(
    Operation(
        "Make an authenticator a factor of your account, in place of an earlier one",
        (
            Answer(
                200,
                "From now on a login asks for a code. The first factor brings recovery codes, "
                "shown this once. Other sessions are over; the cookie has a new id",
                {"message": "factor added", "recovery_codes": CODES},
                (bodies.FactorChanged,),
                headers=COOKIE,
            ),
            field_refusal(400),
            WRONG,
            NO_SESSION,
            NOT_RECENT,
            OFFER_OVER,
            TOO_MANY,
        ),
        body=bodies.TicketAndCode,
        example={"ticket": TICKET, "code": "492039"},
        cookie=True,
    )
)
def add() -> ResponseReturnValue:
    """Take a code of the offered secret."""
    sent = read(bodies.TicketAndCode, missing=400)
    done = auth().factors.enrolments.add(session_id(), sent.ticket, sent.code, device())
    return _changed(done, "factor added")


@factors.delete("/factors/otp")
@describe(
    Operation(
        "Take the authenticator from your account",
        (
            Answer(
                200,
                "No code of it counts any more; the recovery codes go with the last factor. Other "
                "sessions are over; the cookie has a new id",
                {"message": "factor removed", "recovery_codes": None},
                (bodies.FactorChanged,),
                headers=COOKIE,
            ),
            NO_SESSION,
            NOT_RECENT,
            NONE,
            NEEDED,
            TOO_MANY,
        ),
        cookie=True,
    )
)
def remove() -> ResponseReturnValue:
    """Remove the authenticator."""
    return _changed(auth().factors.enrolments.remove(session_id()), "factor removed")


@factors.post("/factors/recovery_codes")
@describe(
    Operation(
        "Get new recovery codes; the earlier ones are good no more",
        (
            Answer(
                200,
                "Ten, shown this once. Other sessions are over; the cookie has a new id",
                {"message": "recovery codes made", "recovery_codes": CODES},
                (bodies.FactorChanged,),
                headers=COOKIE,
            ),
            NO_SESSION,
            NOT_RECENT,
            NONE,
            TOO_MANY,
        ),
        cookie=True,
    )
)
def renew_recovery_codes() -> ResponseReturnValue:
    """Make recovery codes."""
    done = auth().factors.enrolments.renew_recovery_codes(session_id())
    return _changed(done, "recovery codes made")


def _entered(done: Stepped, message: str) -> ResponseReturnValue:
    shown = answer(email=done.email, message=message, recovery_codes=done.recovery_codes)
    return hand_over(shown, done.session_id)


def _changed(done: Changed, message: str) -> ResponseReturnValue:
    shown = answer(message=message, recovery_codes=done.recovery_codes)
    return hand_over(shown, done.session_id)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
