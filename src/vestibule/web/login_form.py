"""The forms in which people show who they are: on pages of their own, or in place of others.

Who asks for a page that needs more than they showed gets the form for what is missing, at the
same address, and afterwards the page.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from vestibule.auth.entrance import ENROL
from vestibule.auth.errors import FactorOwed, LoginOver, NoSession, Refusal
from vestibule.auth.registrations import UNSURE
from vestibule.auth.second_steps import Owed
from vestibule.auth.sessions import Visit
from vestibule.web.door import auth, hold_back, session_id
from vestibule.web.openapi import page
from vestibule.web.sheet import go, here, refused, safe_next, show

# What they are in ``/docs``, wherever they come in place of what was asked for.
LOGIN = page(401, "Not logged in; the form to do so")
NOT_RECENT = page(403, "Logged in too long ago; the form to show once more who it is")
TOO_OFTEN = page(429, "Too many attempts")._replace(headers=("Retry-After",))
# Where a login leads, unless somebody was on the way elsewhere.
USUAL_NEXT = "/account"
# Of the forms for a second factor: what is typed there.
WAYS = ("otp", "recovery")
# So many recovery codes are few.
FEW_CODES = 3


def login_form(status: int = 200, *, next: str = "", email: str = "", why: str = "") -> Response:  # noqa: A002 - its name in the form.
    """The form.

    :param why: what it is needed for: ``first``, ``over`` or ``cookie``.
    """
    return show("login.html", status, next=next, email=email, why=why)


def login_refused(refusal: Refusal, *, next: str, email: str) -> Response:  # noqa: A002 - the same.
    """The form once more, with what was typed but for the password, and why."""
    unsure = {"credentials_wrong": "credentials_unsure"} if str(refusal) == UNSURE else {}
    return refused("login.html", refusal, instead=unsure, next=next, email=email, why="")


def signed_in(back: str = "") -> Visit | Response:
    """Whose session it is, or the form for what is missing, in place of the page asked for.

    :param back: where to go on afterwards, if not to that page.
    """
    visit = auth().sessions.find(session_id())
    if visit is not None:
        return visit
    arrived = "arrived" in request.args and not session_id()
    found = None if arrived else owed()
    if found:
        return step_form(found, 401, next=back or _back_here())
    return login_form(401, next=back or _back_here(), why="cookie" if arrived else "first")


def own_page(template: str) -> Response:
    """A page of one's account that is the same for everybody, or the form for what is missing."""
    visit = signed_in()
    return show(template) if isinstance(visit, Visit) else visit


def ended(back: str = "") -> Response:
    """What is shown where a session ended while a form was read: the form to log in.

    :param back: as for ``signed_in``.
    """
    found = signed_in(back)
    return found if isinstance(found, Response) else go(USUAL_NEXT)


def owed() -> Owed | None:
    """What the login that the request carries still owes, if there is such a login."""
    try:
        return auth().factors.steps.owed(session_id())
    except LoginOver:
        return None


def ask_for_factor(refusal: FactorOwed, onward: str, notice: str = "") -> Response:
    """Send who knew the password to the form for what is owed; the cookie is no session."""
    place = {"arrived": "1"} | ({"next": onward} if safe_next(onward) else {})
    return hold_back(go(f"/login/factor?{urlencode(place)}", notice), refusal)


def step_form(
    owed: Owed,
    status: int = 200,
    *,
    next: str = "",  # noqa: A002 - the same.
    way: str = "",
    refusal: Refusal | None = None,
) -> Response:
    """The form for a second factor: to show one, or to add the first.

    :param way: what is to be typed, if there is a choice: one of ``WAYS``.
    :param refusal: why it is shown once more.
    """
    if owed.owes == ENROL:
        return show("login_enrol.html", status, next=next)
    ways = [each for each in WAYS if each in owed.factors]
    given: dict[str, Any] = {"next": next, "way": way if way in ways else ways[0], "ways": ways}
    given["passkey"] = "passkey" in owed.factors
    if refusal:
        wrong = {"factor_wrong": "factor_wrong_recovery"} if given["way"] == "recovery" else {}
        return refused("login_factor.html", refusal, instead=wrong, **given)
    return show("login_factor.html", status, **given)


def not_recent(back: str = "") -> Response:
    """The form to show once more who it is, before what cannot be undone.

    :param back: where it was asked for, if that is another page than the form was sent to.
    """
    return proof_form(403, next=back or _back_here())


def proof_form(status: int = 200, *, next: str = "", refusal: Refusal | None = None) -> Response:  # noqa: A002 - the same.
    """The form to show once more who it is, for who is logged in.

    :param refusal: why it is shown once more.
    """
    # Who logs in now has shown it by that.
    visit = signed_in(next)
    if not isinstance(visit, Visit):
        return visit
    try:
        found = auth().factors.enrolments.listing(session_id())
    except NoSession:
        return go(USUAL_NEXT)
    given: dict[str, Any] = {
        "next": next,
        "email": visit.email,
        "code": found.otp is not None,
        "own": bool(found.passkeys),
        "password": found.password,
    }
    if refusal:
        wrong = {"credentials_wrong": "password_wrong"}
        return refused("proof.html", refusal, instead=wrong, **given)
    return show("proof.html", status, **given)


def _back_here() -> str:
    return here(whole="arrived" not in request.args) or USUAL_NEXT
