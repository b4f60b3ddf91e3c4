"""The contract's routes: parse, ask the front desk, answer."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import EmailTaken, NoSession
from vestibule.web.bodies import (
    AddressAndMessage,
    Credentials,
    Message,
    NewPassword,
    Profile,
    ResetRequest,
    ResetToken,
    Welcome,
)
from vestibule.web.door import answer, auth, hand_over, origin, read, session_id
from vestibule.web.openapi import Answer, Operation, describe, refusal

api = Blueprint("api", __name__)

EMAIL = "alice@example.com"
CREDENTIALS = {"email": EMAIL, "password": "paint dries slowly"}
TOKEN = "1f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936"  # noqa: S105 - an example.
LINK_SENT = "if that address has an account, a link is on its way"
NO_SESSION = refusal(403, "session_none", "There is no open session; log in.")


@api.get("/")
@describe(
    Operation(
        "Say welcome, or show the home page to a browser",
        {200: Answer("Welcome", {"message": "Bienvenue"}, (Welcome,))},
        storage=False,
    )
)
def index() -> ResponseReturnValue:
    """Greet; a client that prefers HTML gets the home page."""
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return render_template("home.html") if wanted == "text/html" else answer(message="Bienvenue")


@api.post("/users")
@describe(
    Operation(
        "Make an account",
        {
            200: Answer(
                "The account was made",
                {"email": EMAIL, "message": "user created"},
                (AddressAndMessage,),
            ),
            400: Answer(
                "The address has an account",
                {"message": "email already registered"},
                (Message,),
                also=(refusal(400, "password_refused", "A password has at least 8 characters."),),
            ),
        },
        body=Credentials,
        example=CREDENTIALS,
    )
)
def users() -> ResponseReturnValue:
    """Make an account."""
    form = read(Credentials, missing=400)
    try:
        auth().register_user(form.email, form.password)
    except EmailTaken:
        return answer(message="email already registered"), 400
    return answer(email=form.email, message="user created")


@api.post("/sessions")
@describe(
    Operation(
        "Log in",
        {
            200: Answer(
                "Logged in; the session is in the cookie",
                {"email": EMAIL, "message": "logged in"},
                (AddressAndMessage,),
                headers=("Set-Cookie",),
            ),
            401: refusal(401, "credentials_wrong", "Wrong address or password."),
            429: refusal(429, "attempts_exceeded", "Too many failures.", "Retry-After"),
        },
        body=Credentials,
        example=CREDENTIALS,
    )
)
def login() -> ResponseReturnValue:
    """Log in and hand over the session cookie."""
    form = read(Credentials, missing=401)
    session = auth().login(form.email, form.password, origin())
    return hand_over(answer(email=form.email, message="logged in"), session)


@api.delete("/sessions")
@describe(
    Operation(
        "Log out",
        {302: Answer("Logged out; go home", headers=("Location",)), 403: NO_SESSION},
        cookie=True,
    )
)
def logout() -> ResponseReturnValue:
    """End the session that asks."""
    if not auth().log_out(session_id()):
        raise NoSession("There is no open session; log in.")
    return redirect("/")


@api.get("/profile")
@describe(
    Operation(
        "See who is signed in",
        {200: Answer("Signed in", {"email": EMAIL}, (Profile,)), 403: NO_SESSION},
        cookie=True,
    )
)
def profile() -> ResponseReturnValue:
    """Tell the address of who is signed in."""
    visit = auth().sessions.find(session_id())
    if visit is None:
        raise NoSession("There is no open session; log in.")
    return answer(email=visit.email)


@api.post("/reset_password")
@describe(
    Operation(
        "Ask for a reset link",
        {
            200: Answer(
                "Asked for. The classic profile answers with the token instead of mailing it",
                {"email": EMAIL, "message": LINK_SENT},
                (AddressAndMessage, ResetToken),
            ),
            403: refusal(403, "email_unknown", "Nobody has this address (classic profile only)."),
            429: refusal(429, "attempts_exceeded", "Asked too often.", "Retry-After"),
        },
        body=ResetRequest,
        example={"email": EMAIL},
    )
)
def get_reset_password_token() -> ResponseReturnValue:
    """Mail a reset link; the classic profile gives the token itself."""
    form = read(ResetRequest, missing=403)
    token = auth().request_reset(form.email)
    if token is None:
        return answer(email=form.email, message=LINK_SENT)
    return answer(email=form.email, reset_token=token)


@api.put("/reset_password")
@describe(
    Operation(
        "Set a new password",
        {
            200: Answer(
                "The password is set, and the sessions that the old one opened are over",
                {"email": EMAIL, "message": "Password updated"},
                (AddressAndMessage,),
            ),
            403: refusal(403, "token_invalid", "This token is unknown, expired or used."),
        },
        body=NewPassword,
        example={"email": EMAIL, "reset_token": TOKEN, "new_password": "rain on a tin roof"},
    )
)
def update_password() -> ResponseReturnValue:
    """Spend the token and set the password."""
    form = read(NewPassword, missing=403)
    auth().update_password(form.reset_token, form.new_password)
    return answer(email=form.email, message="Password updated")
