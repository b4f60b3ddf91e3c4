"""The pages of one's own account: what there is, another password or address, leaving."""

from __future__ import annotations

from flask import Blueprint, Response

from vestibule.auth.errors import FactorOwed, LoginNotRecent, NoSession, Refusal
from vestibule.auth.sessions import Visit
from vestibule.web.bodies import Certainty, NewAddress, PasswordChange
from vestibule.web.door import FORMS, auth, forget, form, hand_over, session_id
from vestibule.web.login_form import (
    FEW_CODES,
    LOGIN,
    NOT_RECENT,
    TOO_OFTEN,
    ask_for_factor,
    ended,
    not_recent,
    own_page,
    signed_in,
)
from vestibule.web.openapi import BUSY_PAGE, Answer, Operation, describe, page
from vestibule.web.problems import as_json
from vestibule.web.sheet import Trouble, fewest, go, refused, show, words
from vestibule.web.visitors import device

account_pages = Blueprint("account_pages", __name__, url_prefix="/account")

WRONG = page(401, "Not logged in, or not the password")
DONE = Answer(303, "Done; go to the account", headers=("Location",))
EMAIL = "alice@example.com"


@account_pages.get("")
@describe(Operation("The page of your account", (page(200, "It"), LOGIN), cookie=True))
def account() -> Response:
    """Show what can be done."""
    visit = signed_in()
    if not isinstance(visit, Visit):
        return visit
    try:
        found = auth().factors.enrolments.listing(session_id())
    except NoSession:
        return ended()
    bare = not found.otp and not found.passkeys
    return show(
        "account.html",
        email=visit.email,
        password=found.password,
        bare=bare,
        left=None if bare else found.recovery_codes,
        few=FEW_CODES,
    )


@account_pages.get("/password")
@describe(
    Operation(
        "The form for another password, or for one where there is none",
        (page(200, "It"), LOGIN, NOT_RECENT),
        cookie=True,
    )
)
def password_form() -> Response:
    """Show the form."""
    visit = signed_in()
    if not isinstance(visit, Visit):
        return visit
    known = _has_password()
    if isinstance(known, Response):
        return known
    return show("account_password.html", email=visit.email, fewest=fewest(), password=known)


def _has_password() -> bool | Response:
    """Whether there is one to show; where a recent proof stands for it, the form for that."""
    try:
        return auth().accounts.has_password(session_id())
    except NoSession:
        return ended()
    except LoginNotRecent:
        return not_recent()


@account_pages.post("/password")
@describe(
    Operation(
        "What the form for another password sends",
        (DONE, page(400, "The policy refuses it"), WRONG, NOT_RECENT, TOO_OFTEN, BUSY_PAGE),
        body=PasswordChange,
        kinds=FORMS,
        example={"current_password": "paint dries slowly", "new_password": "rain on a tin roof"},
        cookie=True,
    )
)
def change_password() -> Response:
    """Set the password, or show the form again with the reason."""
    visit, fields = signed_in(), form()
    if not isinstance(visit, Visit):
        return visit
    current, new = fields.get("current_password", ""), fields.get("new_password", "")
    try:
        _, session = auth().accounts.change_password(session_id(), current, new, device())
    except NoSession:
        return ended()
    except LoginNotRecent:
        return not_recent()
    except FactorOwed as refusal:
        return ask_for_factor(refusal, "", "password_changed")
    except Refusal as refusal:
        return _password_refused(refusal, visit.email)
    return hand_over(go("/account", "password_changed"), session)


def _password_refused(refusal: Refusal, email: str) -> Response:
    known = _has_password()
    if isinstance(known, Response):
        return known
    at = {"credentials_wrong": "current_password" if known else ""}
    at |= dict.fromkeys(("password_refused", "password_too_long"), "new_password")
    instead = {"credentials_wrong": "password_wrong"}
    given = {"email": email, "fewest": fewest(), "password": known}
    return refused("account_password.html", refusal, at=at, instead=instead, **given)


@account_pages.get("/email")
@describe(
    Operation("The form for another address", (page(200, "It"), LOGIN, NOT_RECENT), cookie=True)
)
def email_form() -> Response:
    """Show the form."""
    visit = signed_in()
    if not isinstance(visit, Visit):
        return visit
    known = _has_password()
    if isinstance(known, Response):
        return known
    return show("account_email.html", now=visit.email, email="", password=known)


@account_pages.post("/email")
@describe(
    Operation(
        "What the form for another address sends",
        (
            DONE,
            page(400, "It is no address"),
            WRONG,
            NOT_RECENT,
            page(409, "Another account has it, or the last change can still be undone"),
            TOO_OFTEN,
            BUSY_PAGE,
        ),
        body=NewAddress,
        kinds=FORMS,
        example={"email": "alice@example.net", "password": "paint dries slowly"},
        cookie=True,
    )
)
def change_email() -> Response:
    """Mail a link to the new address, or show the form again with the reason."""
    visit, fields = signed_in(), form()
    if not isinstance(visit, Visit):
        return visit
    email, password = fields.get("email", ""), fields.get("password", "")
    try:
        auth().email_changes.request(session_id(), email, password, device())
    except NoSession:
        return ended()
    except LoginNotRecent:
        return not_recent()
    except Refusal as refusal:
        return _email_refused(refusal, visit.email, email)
    return go("/account", "email_asked")


def _email_refused(refusal: Refusal, now: str, email: str) -> Response:
    known = _has_password()
    if isinstance(known, Response):
        return known
    at = {} if known else {"credentials_wrong": ""}
    instead = {"credentials_wrong": "password_wrong"}
    if email == now:
        instead["email_invalid"] = "email_same"
    given = {"now": now, "email": email, "password": known}
    return refused("account_email.html", refusal, at=at, instead=instead, **given)


@account_pages.get("/export")
@describe(Operation("The page of your data", (page(200, "It"), LOGIN), cookie=True))
def export_page() -> Response:
    """Show the button."""
    return own_page("account_export.html")


@account_pages.post("/export")
@describe(
    Operation(
        "What its button sends: download all that is stored about you",
        (Answer(200, "The file", {}, headers=("Content-Disposition",)), LOGIN),
        cookie=True,
    )
)
def export() -> Response:
    """Answer with a file."""
    visit = signed_in()
    if not isinstance(visit, Visit):
        return visit
    try:
        data = auth().accounts.export(session_id())
    except NoSession:
        return ended()
    except LoginNotRecent:
        return not_recent()
    name = {"Content-Disposition": 'attachment; filename="account.json"'}
    return Response(as_json(data), headers=name, mimetype="application/json")


@account_pages.get("/delete")
@describe(Operation("The form to delete your account", (page(200, "It"), LOGIN), cookie=True))
def delete_form() -> Response:
    """Show the form."""
    visit = signed_in()
    if not isinstance(visit, Visit):
        return visit
    return show("account_delete.html", email=visit.email)


@account_pages.post("/delete")
@describe(
    Operation(
        "What the form to delete your account sends",
        (
            Answer(303, "It is gone; go home", headers=("Location",)),
            page(400, "Nobody said to be sure"),
            LOGIN,
            NOT_RECENT,
        ),
        body=Certainty,
        kinds=FORMS,
        example={"sure": "yes"},
        cookie=True,
    )
)
def delete() -> Response:
    """Delete the account of who is sure, and logged in a short while ago."""
    visit, fields = signed_in(), form()
    if not isinstance(visit, Visit):
        return visit
    if fields.get("sure") != "yes":
        unsure = Trouble(words()("delete.unsure"), "sure")
        return show("account_delete.html", 400, trouble=unsure, email=visit.email)
    try:
        auth().accounts.delete(session_id())
    except NoSession:
        return ended()
    except LoginNotRecent:
        return not_recent()
    return forget(go("/", "deleted"))
