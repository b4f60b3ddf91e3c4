"""The pages on which people register, log in and log out, and choose their language."""

from __future__ import annotations

from flask import Blueprint, Response, request

from vestibule.auth.errors import EmailTaken, FactorOwed, Refusal
from vestibule.web.bodies import Entry, LanguageChoice
from vestibule.web.door import FORMS, auth, forget, form, hand_over, kept_close, session_id
from vestibule.web.login_form import (
    TOO_OFTEN,
    USUAL_NEXT,
    ask_for_factor,
    login_form,
    login_refused,
)
from vestibule.web.openapi import BUSY_PAGE, Answer, Operation, describe, page
from vestibule.web.sheet import LANGUAGE, fewest, go, refused, safe_next, sheets, show
from vestibule.web.visitors import cookie_name, device

entry_pages = Blueprint("entry_pages", __name__)

YEAR_SECONDS = 365 * 24 * 3600
EXAMPLE = {"email": "alice@example.com", "password": "paint dries slowly", "next": "/account"}


@entry_pages.get("/register")
@describe(
    Operation(
        "The form to make an account", (page(200, "The form"),), query=("next",), storage=False
    )
)
def register_form() -> Response:
    """Show the form."""
    return _register_form(next=request.args.get("next", ""))


def _register_form(*, next: str = "", email: str = "") -> Response:  # noqa: A002 - in the form.
    return show("register.html", next=next, email=email, fewest=fewest())


@entry_pages.post("/register")
@describe(
    Operation(
        "What that form sends: make an account, and log in where nothing is to be verified first",
        (
            page(200, "A mail says how to go on"),
            Answer(303, "Logged in; go there", headers=("Location",)),
            page(400, "Address or password are refused"),
            TOO_OFTEN,
            BUSY_PAGE,
        ),
        body=Entry,
        kinds=FORMS,
        example=EXAMPLE,
    )
)
def register() -> Response:
    """Make an account and go on, or show the form again with the reason."""
    fields = form()
    email, password, onward = (fields.get(name, "") for name in ("email", "password", "next"))
    desk = auth().registrations
    try:
        auth().register_user(email, password, device())
    except EmailTaken as taken:
        if not desk.concealed:
            return _register_refused(taken, onward, email)
    except Refusal as refusal:
        return _register_refused(refusal, onward, email)
    if desk.must_verify:
        return show("see_mail.html", email=email, again="/register")
    if desk.concealed:
        # To log in now would tell whether the account was there before.
        return go("/login", "registered")
    return _enter(email, password, onward)


def _register_refused(refusal: Refusal, onward: str, email: str) -> Response:
    return refused("register.html", refusal, next=onward, email=email, fewest=fewest())


@entry_pages.get("/login")
@describe(Operation("The form to log in", (page(200, "The form"),), query=("next",), storage=False))
def login_page() -> Response:
    """Show the form."""
    return login_form(next=request.args.get("next", ""))


@entry_pages.post("/login")
@describe(
    Operation(
        "What that form sends: log in",
        (
            Answer(
                303,
                "Logged in, or a second factor is asked for. Go there",
                headers=("Location", "Set-Cookie"),
            ),
            page(400, "The password is too long"),
            page(401, "Wrong address or password"),
            TOO_OFTEN,
            BUSY_PAGE,
        ),
        body=Entry,
        kinds=FORMS,
        example=EXAMPLE,
    )
)
def login() -> Response:
    """Log in and go on, or show the form again with the reason."""
    fields = form()
    email, password, onward = (fields.get(name, "") for name in ("email", "password", "next"))
    return _enter(email, password, onward)


def _enter(email: str, password: str, onward: str) -> Response:
    try:
        session = auth().login(email, password, device(), session_id())
    except FactorOwed as refusal:
        return ask_for_factor(refusal, onward)
    except Refusal as refusal:
        return login_refused(refusal, next=onward, email=email)
    return hand_over(go(_arriving(safe_next(onward) or USUAL_NEXT)), session)


def _arriving(path: str) -> str:
    """Where a login leads. Who comes there without a cookie is told that the browser keeps none."""
    if not path.startswith(USUAL_NEXT):
        return path
    return f"{path}{'&' if '?' in path else '?'}arrived=1"


@entry_pages.post("/logout")
@describe(
    Operation(
        "What the button to log out sends",
        (Answer(303, "Logged out; go home", headers=("Location",)),),
    )
)
def logout() -> Response:
    """End the session that asks; who has none is logged out already."""
    auth().log_out(session_id())
    return forget(go("/", "logged_out"))


@entry_pages.post("/language")
@describe(
    Operation(
        "What the buttons of languages send",
        (Answer(303, "The language is in a cookie; go back", headers=("Location",)),),
        body=LanguageChoice,
        kinds=FORMS,
        example={"language": "fr", "next": "/login"},
        storage=False,
    )
)
def language() -> Response:
    """Remember the language, and go back; one that there is none of is not remembered."""
    fields = form()
    back, chosen = go(safe_next(fields.get("next", "")) or "/"), fields.get("language", "")
    if chosen in sheets().languages.all:
        name, close = cookie_name(LANGUAGE), kept_close()
        back.set_cookie(name, chosen, max_age=YEAR_SECONDS, **close)
    return back
