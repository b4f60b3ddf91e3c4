"""The contract's routes: parse, ask the front desk, answer."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import EmailTaken, NoSession
from vestibule.web.bodies import (
    TOKEN,
    AddressAndMessage,
    Credentials,
    Message,
    NewPassword,
    Profile,
    ResetRequest,
    ResetToken,
    Welcome,
)
from vestibule.web.door import answer, auth, forget, hand_over, keep_known, read, session_id
from vestibule.web.error_pages import prefers_pages
from vestibule.web.openapi import (
    BAD_ADDRESS,
    BAD_CREDENTIALS,
    BAD_TOKEN,
    FACTOR_OWED,
    NO_SESSION,
    NOT_RECENT,
    REFUSED_PASSWORD,
    TOO_LONG,
    TOO_MANY,
    Answer,
    Operation,
    describe,
    field_refusal,
    page,
    refusal,
)
from vestibule.web.sheet import show
from vestibule.web.visitors import device

api = Blueprint("api", __name__)

EMAIL = "alice@example.com"
CREDENTIALS = {"email": EMAIL, "password": "paint dries slowly"}
LINK_SENT = "if that address has an account, a link is on its way"


@api.get("/")
@describe(
    Operation(
        "Say welcome, or show the home page to a browser",
        (
            Answer(200, "Welcome", {"message": "Bienvenue"}, (Welcome,)),
            page(200, "The home page"),
        ),
        storage=False,
    )
)
def index() -> ResponseReturnValue:
    """Greet; a client that prefers HTML gets the home page."""
    return show("home.html") if prefers_pages() else answer(message="Bienvenue")


@api.post("/users")
@describe(
    Operation(
        "Make an account",
        (
            Answer(
                200,
                "The account was made",
                {"email": EMAIL, "message": "user created"},
                (AddressAndMessage,),
            ),
            Answer(
                400,
                "The address has an account, or address or password are refused",
                {"message": "email already registered"},
                (Message,),
            ),
            BAD_ADDRESS,
            REFUSED_PASSWORD,
            TOO_LONG,
            field_refusal(400),
            TOO_MANY,
        ),
        body=Credentials,
        example=CREDENTIALS,
    )
)
def users() -> ResponseReturnValue:
    """Make an account."""
    form = read(Credentials, missing=400)
    try:
        auth().register_user(form.email, form.password, device())
    except EmailTaken:
        if not auth().registrations.concealed:
            return answer(message="email already registered"), 400
    return answer(email=form.email, message="user created")


@api.post("/sessions")
@describe(
    Operation(
        "Log in",
        (
            Answer(
                200,
                "Logged in; the session is in the cookie",
                {"email": EMAIL, "message": "logged in"},
                (AddressAndMessage,),
                headers=("Set-Cookie",),
            ),
            TOO_LONG,
            BAD_CREDENTIALS,
            FACTOR_OWED,
            refusal("email_unverified", "This address is not verified yet."),
            field_refusal(401),
            TOO_MANY,
        ),
        body=Credentials,
        example=CREDENTIALS,
    )
)
def login() -> ResponseReturnValue:
    """Log in and hand over the session cookie."""
    form = read(Credentials, missing=401)
    session = auth().login(form.email, form.password, device(), session_id())
    return hand_over(answer(email=form.email, message="logged in"), session)


@api.delete("/sessions")
@describe(
    Operation(
        "Log out",
        (
            Answer(204, "With others=true (strict only): all your other sessions are over"),
            Answer(302, "Logged out; go home", headers=("Location",)),
            NO_SESSION,
            NOT_RECENT,
        ),
        query=("others",),
        cookie=True,
    )
)
def logout() -> ResponseReturnValue:
    """End the session that asks, or all others of its owner."""
    if request.args.get("others") == "true" and not auth().classic:
        auth().sessions.close_others(session_id())
        return "", 204
    if not auth().log_out(session_id()):
        raise NoSession
    return forget(redirect("/"))


@api.get("/profile")
@describe(
    Operation(
        "See who is signed in",
        (Answer(200, "Signed in", {"email": EMAIL}, (Profile,)), NO_SESSION),
        cookie=True,
    )
)
def profile() -> ResponseReturnValue:
    """Tell the address of who is signed in."""
    return answer(email=auth().sessions.require(session_id()).email)


@api.post("/reset_password")
@describe(
    Operation(
        "Ask for a reset link",
        (
            Answer(
                200,
                "Asked for. The classic profile answers with the token instead of mailing it",
                {"email": EMAIL, "message": LINK_SENT},
                (AddressAndMessage, ResetToken),
            ),
            BAD_ADDRESS,
            refusal("email_unknown", "Nobody has this address (classic profile only)."),
            field_refusal(403),
            TOO_MANY,
        ),
        body=ResetRequest,
        example={"email": EMAIL},
    )
)
def get_reset_password_token() -> ResponseReturnValue:
    """Mail a reset link; the classic profile gives the token itself."""
    form = read(ResetRequest, missing=403)
    token = auth().resets.request(form.email, device())
    if token is None:
        return answer(email=form.email, message=LINK_SENT)
    return answer(email=form.email, reset_token=token)


@api.put("/reset_password")
@describe(
    Operation(
        "Set a new password",
        (
            Answer(
                200,
                "The password is set, and the sessions that the old one opened are over",
                {"email": EMAIL, "message": "Password updated"},
                (AddressAndMessage,),
            ),
            REFUSED_PASSWORD,
            TOO_LONG,
            BAD_TOKEN,
            field_refusal(403),
        ),
        body=NewPassword,
        example={"email": EMAIL, "reset_token": TOKEN, "new_password": "rain on a tin roof"},
    )
)
def update_password() -> ResponseReturnValue:
    """Spend the token and set the password."""
    form = read(NewPassword, missing=403)
    known = auth().resets.complete(form.reset_token, form.new_password, device())
    return keep_known(answer(email=form.email, message="Password updated"), known)
