"""The page of who forgot a password, and asks for a link to choose another."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import Refusal
from vestibule.web.bodies import ResetRequest
from vestibule.web.door import FORMS, auth, form, saying_whence
from vestibule.web.openapi import Operation, describe, page
from vestibule.web.problems import STATUS, again
from vestibule.web.visitors import device

forgotten = Blueprint("forgotten", __name__)


@forgotten.post("/reset_password/form")
@describe(
    Operation(
        "What the form for a forgotten password sends",
        (
            page(200, "If that address has an account, a link is on its way"),
            page(400, "It is no address"),
            page(429, "Links were asked for too often")._replace(headers=("Retry-After",)),
        ),
        body=ResetRequest,
        kinds=FORMS,
        example={"email": "alice@example.com"},
    )
)
def ask() -> ResponseReturnValue:
    """Mail a reset link; the page is the same for every address."""
    try:
        auth().resets.request(form().get("email", ""), device())
    except Refusal as refusal:
        return ask_form(refusal)
    more = "If that address has an account, a link is on its way. Open the newest mail."
    return render_template("done.html", what="See your mail", more=more)


def ask_form(refusal: Refusal | None = None) -> ResponseReturnValue:
    """The form for the address, maybe with the reason why it is shown again."""
    shown = render_template("reset_ask.html", refusal=refusal)
    if refusal is None:
        return saying_whence(shown)
    return saying_whence((shown, STATUS[refusal.code], again(refusal)))
