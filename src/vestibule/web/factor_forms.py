"""The page of what an account has besides its password, wherever a change of it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from vestibule.auth.enrolments import Changed, OwnPasskey
from vestibule.auth.errors import LoginNotRecent, NoSession, Refusal
from vestibule.web.door import auth, hand_over, session_id
from vestibule.web.login_form import FEW_CODES, ended, not_recent
from vestibule.web.sheet import go, moment, refused, safe_next, show

FACTORS = "/account/factors"


def listed(refusal: Refusal | None = None) -> Response:
    """The page, for who is logged in.

    :param refusal: why there is nothing else to see.
    """
    try:
        found = auth().factors.enrolments.listing(session_id())
    except NoSession:
        return ended(FACTORS)
    given: dict[str, Any] = {
        "otp": moment(found.otp) if found.otp else None,
        "own": [named(each) for each in found.passkeys],
        "left": found.recovery_codes,
        "few": FEW_CODES,
        "required": found.required,
        "ends": moment(found.end_at) if found.end_at else None,
        "password": found.password,
    }
    if refusal:
        return refused("account_factors.html", refusal, at={"factor_wrong": ""}, **given)
    return show("account_factors.html", **given)


def named(passkey: OwnPasskey) -> dict[str, Any]:
    """A passkey as a page shows it."""
    used = passkey.last_used_at
    return passkey._asdict() | {
        "since": moment(passkey.created_at),
        "used": moment(used) if used else None,
    }


def changed(done: Changed, notice: str, onward: str = "") -> Response:
    """What follows a change: codes that are shown this once, or the page."""
    if done.recovery_codes is None:
        back = go(safe_next(onward) or FACTORS, notice)
    else:
        codes, after = done.recovery_codes, safe_next(onward) or ""
        back = show("account_codes.html", codes=codes, next=after, done=notice)
    return hand_over(back, done.session_id)


def acted(act: Callable[[], Changed], notice: str = "", back: str = FACTORS) -> Response:
    """What follows a change, or the page and why there was none.

    :param back: where to begin again after a proof.
    """
    try:
        done = act()
    except NoSession:
        return ended(FACTORS)
    except LoginNotRecent:
        return not_recent(back)
    except Refusal as refusal:
        return listed(refusal)
    return changed(done, notice)
