"""The few pages that people see: where the mail's link leads, and the API's description."""

from __future__ import annotations

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import BadToken, Refusal
from vestibule.auth.tokens import RESET
from vestibule.web.bodies import TOKEN, NewPasswordForm
from vestibule.web.door import FORMS, auth, form, keep_known
from vestibule.web.forgotten import ask_form
from vestibule.web.openapi import BUSY_PAGE, Operation, describe, document, page
from vestibule.web.sheet import fewest, refused, show
from vestibule.web.visitors import device

pages = Blueprint("pages", __name__)


@pages.get("/docs")
@describe(
    Operation("The page that shows this document", (page(200, "Every route"),), storage=False)
)
def docs() -> ResponseReturnValue:
    """Show the OpenAPI document as a page to read."""
    return show("docs.html", document=document(current_app))


@pages.get("/reset_password")
@describe(
    Operation(
        "Where the link in the mail leads: a form for the new password. Without a token (strict "
        "only) a form for the address of who forgot it",
        (page(200, "The form"), page(403, "The link is over")),
        query=("token",),
    )
)
def reset_form() -> ResponseReturnValue:
    """Show the form. Nothing is spent: mail scanners open links too."""
    if "token" not in request.args and not auth().classic:
        return ask_form()
    token = request.args.get("token", "")
    if not auth().tokens.opens(token, RESET):
        return show("reset_over.html", 403)
    return show("reset.html", token=token, fewest=fewest())


@pages.post("/reset_password/new")
@describe(
    Operation(
        "What that form sends",
        (
            page(200, "The password is set"),
            page(400, "The policy refuses it"),
            page(403, "The token is over"),
            BUSY_PAGE,
        ),
        body=NewPasswordForm,
        kinds=FORMS,
        example={"reset_token": TOKEN, "new_password": "rain on a tin roof"},
    )
)
def reset() -> ResponseReturnValue:
    """Set the password, or show the form again with the reason."""
    fields = form()
    token, password = fields.get("reset_token", ""), fields.get("new_password", "")
    try:
        known = auth().resets.complete(token, password, device())
    except BadToken:
        return show("reset_over.html", 403)
    except Refusal as refusal:
        at = dict.fromkeys(("password_refused", "password_too_long"), "new_password")
        return refused("reset.html", refusal, at=at, token=token, fewest=fewest())
    return keep_known(show("reset_done.html"), known)
