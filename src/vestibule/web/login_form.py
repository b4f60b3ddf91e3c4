"""The form to log in, wherever it is shown: on its own page, or in place of one that needs it."""

from __future__ import annotations

from flask import Response, request

from vestibule.auth.errors import Refusal
from vestibule.auth.registrations import UNSURE
from vestibule.auth.sessions import Visit
from vestibule.web.door import auth, session_id
from vestibule.web.sheet import here, refused, show

# Where a login leads, unless somebody was on the way elsewhere.
USUAL_NEXT = "/account"


def login_form(status: int = 200, *, next: str = "", email: str = "", why: str = "") -> Response:  # noqa: A002 - its name in the form.
    """The form.

    :param why: what it is needed for: ``first``, ``recent`` or ``cookie``.
    """
    return show("login.html", status, next=next, email=email, why=why)


def login_refused(refusal: Refusal, *, next: str, email: str) -> Response:  # noqa: A002 - the same.
    """The form once more, with what was typed but for the password, and why."""
    unsure = {"credentials_wrong": "credentials_unsure"} if str(refusal) == UNSURE else {}
    return refused("login.html", refusal, instead=unsure, next=next, email=email, why="")


def signed_in() -> Visit | Response:
    """Whose session it is, or the form to log in, in place of the page that was asked for."""
    visit = auth().sessions.find(session_id())
    if visit is not None:
        return visit
    arrived = "arrived" in request.args and not session_id()
    return login_form(401, next=_back_here(), why="cookie" if arrived else "first")


def not_recent(email: str, back: str = "") -> Response:
    """The form to log in once more, before what cannot be undone.

    :param back: where it was asked for, if that is another page than the form was sent to.
    """
    return login_form(403, next=back or _back_here(), email=email, why="recent")


def _back_here() -> str:
    return USUAL_NEXT if "arrived" in request.args else here() or USUAL_NEXT
