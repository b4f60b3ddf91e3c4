"""The pages of what an account has besides its password: seen, added, taken away."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, request
from markupsafe import Markup

from vestibule.auth.errors import ChallengeOver, LoginNotRecent, NoSession, Refusal
from vestibule.auth.sessions import Visit
from vestibule.auth.totp import Offer
from vestibule.web.door import FORMS, auth, form, session_id
from vestibule.web.factor_bodies import CodesForm, Onward, TicketAndCodeForm
from vestibule.web.factor_forms import FACTORS, acted, changed, listed
from vestibule.web.login_form import LOGIN, NOT_RECENT, ended, not_recent, own_page, signed_in
from vestibule.web.openapi import Answer, Operation, describe, page
from vestibule.web.qr import picture
from vestibule.web.sheet import go, refused, show
from vestibule.web.visitors import device

factor_pages = Blueprint("factor_pages", __name__, url_prefix="/account/factors")

NONE = page(404, "There is no such factor")
NEEDED = page(409, "The account has to have a factor")
TOO_OFTEN = page(429, "They were changed too often")._replace(headers=("Retry-After",))
DONE = Answer(303, "Done; go back to the page", headers=("Location", "Set-Cookie"))
TICKET = "a2f1c07be98d3146.mZ0jQ4YbUe1W"
CODES = "8M3K-0VQT-5XNA-R7GH-2D9W-PJ4E C1YB-6FZS-TKQ8-M0A3-VNHX-57RG"
CODE = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){5}")
MOST_CODES = 10
TEXT = "text/plain"
GROUP = 4


@factor_pages.get("")
@describe(Operation("The page of how you log in", (page(200, "It"), LOGIN), cookie=True))
def listing() -> Response:
    """Show what there is, and what can be added."""
    return listed()


@factor_pages.post("/otp")
@describe(
    Operation(
        "What the button to add an authenticator sends: show a secret for it",
        (page(200, "The picture of it, and a form for a code"), LOGIN, NOT_RECENT),
        body=Onward,
        kinds=FORMS,
        example={"next": "/account"},
        cookie=True,
    )
)
def offer() -> Response:
    """Show the secret; nothing is changed yet."""
    onward = form().get("next", "")
    try:
        made = auth().factors.enrolments.offer(session_id())
    except NoSession:
        return ended(FACTORS)
    except LoginNotRecent:
        return not_recent(FACTORS)
    return _offered(made, onward)


def _offered(made: Offer, onward: str, refusal: Refusal | None = None) -> Response:
    starts = range(0, len(made.secret), GROUP)
    given: dict[str, Any] = {
        "qr": Markup(picture(made.uri)),  # noqa: S704 - drawn here, of no text.
        "key": " ".join(made.secret[start : start + GROUP] for start in starts),
        "uri": made.uri,
        "ticket": made.ticket,
        "next": onward,
    }
    if refusal:
        return refused("account_otp.html", refusal, **given)
    return show("account_otp.html", **given)


@factor_pages.post("/otp/confirm")
@describe(
    Operation(
        "What the form for its first code sends: make it a factor of your account",
        (
            page(200, "Recovery codes, shown this once"),
            DONE,
            page(401, "Not logged in, or not the code"),
            page(403, "Logged in too long ago, or the secret is too old"),
            TOO_OFTEN,
        ),
        body=TicketAndCodeForm,
        kinds=FORMS,
        example={"ticket": TICKET, "code": "492039", "next": "/account"},
        cookie=True,
    )
)
def confirm() -> Response:
    """Add the authenticator, or show the form again with the reason."""
    fields = form()
    ticket, code, onward = (fields.get(name, "") for name in ("ticket", "code", "next"))
    enrolments = auth().factors.enrolments
    try:
        return changed(enrolments.add(session_id(), ticket, code, device()), "factor_added", onward)
    except NoSession:
        return ended(FACTORS)
    except LoginNotRecent:
        return not_recent(FACTORS)
    except ChallengeOver as refusal:
        return listed(refusal)
    except Refusal as refusal:
        return _offered(enrolments.offered(session_id(), ticket), onward, refusal)


@factor_pages.get("/otp/remove")
@describe(
    Operation("The form to take the authenticator away", (page(200, "It"), LOGIN), cookie=True)
)
def remove_form() -> Response:
    """Show what that means."""
    return own_page("account_otp_remove.html")


@factor_pages.post("/otp/remove")
@describe(
    Operation(
        "What the form to take the authenticator away sends",
        (DONE, LOGIN, NOT_RECENT, NONE, NEEDED, TOO_OFTEN),
        cookie=True,
    )
)
def remove() -> Response:
    """Take it away, or say why not."""
    return acted(lambda: auth().factors.enrolments.remove(session_id()), "factor_removed")


@factor_pages.post("/recovery_codes")
@describe(
    Operation(
        "What the button for new recovery codes sends",
        (
            page(200, "They, shown this once; earlier ones are good no more"),
            *(LOGIN, NOT_RECENT, NONE, TOO_OFTEN),
        ),
        cookie=True,
    )
)
def renew_recovery_codes() -> Response:
    """Show new ones."""
    return acted(lambda: auth().factors.enrolments.renew_recovery_codes(session_id()))


@factor_pages.post("/recovery_codes/file")
@describe(
    Operation(
        "What the button beside new recovery codes sends: the same codes as a file. The service "
        "itself knows their digests alone",
        (
            Answer(200, "The file", CODES, content_type=TEXT, headers=("Content-Disposition",)),
            DONE,
            LOGIN,
        ),
        body=CodesForm,
        kinds=FORMS,
        example={"codes": CODES},
        cookie=True,
    )
)
def file() -> Response:
    """Answer with a file of what are codes in it."""
    visit = signed_in(FACTORS)
    if not isinstance(visit, Visit):
        return visit
    codes = CODE.findall(form().get("codes", ""))[:MOST_CODES]
    if not codes:
        return go(FACTORS)
    text = "".join(f"{line}\n" for line in (f"{request.host}, {visit.email}", "", *codes))
    name = {"Content-Disposition": 'attachment; filename="recovery-codes.txt"'}
    return Response(text, headers=name, mimetype=TEXT)
