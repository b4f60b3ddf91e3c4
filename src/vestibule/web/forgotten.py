"""The page of who forgot a password, and asks for a link to choose another."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import Refusal
from vestibule.web.bodies import ResetRequest
from vestibule.web.door import FORMS, auth, form
from vestibule.web.openapi import Operation, describe, page
from vestibule.web.sheet import refused, show
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
    email = form().get("email", "")
    try:
        auth().resets.request(email, device())
    except Refusal as refusal:
        return refused("reset_ask.html", refusal, email=email)
    return show("see_mail.html", email="", again="/reset_password")


def ask_form() -> ResponseReturnValue:
    """The form for the address."""
    return show("reset_ask.html", email="")
