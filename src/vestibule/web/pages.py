"""The few pages that people see: where the mail's link leads, and the API's description."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import Refusal
from vestibule.web.door import auth, form
from vestibule.web.openapi import Answer, Operation, describe, document
from vestibule.web.problems import STATUS

pages = Blueprint("pages", __name__)
PAGE = Answer("The page", "<!doctype html>", content_type="text/html")


@pages.get("/docs")
@describe(Operation("The page that shows this document", {200: PAGE}, storage=False))
def docs() -> ResponseReturnValue:
    """Show the OpenAPI document as a page to read."""
    return render_template("docs.html", document=document(current_app))


@pages.get("/reset_password")
@describe(Operation("Where the link in the mail leads: a form for the new password", {200: PAGE}))
def reset_form() -> ResponseReturnValue:
    """Show the form. Nothing is spent: mail scanners open links too."""
    return render_template("reset.html", token=request.args.get("token", ""))


@pages.post("/reset_password/new")
@describe(
    Operation(
        "What that form sends",
        {
            200: Answer("The password is set", "<!doctype html>", content_type="text/html"),
            400: Answer("The policy refused it", "<!doctype html>", content_type="text/html"),
            403: Answer("The token is over", "<!doctype html>", content_type="text/html"),
        },
    )
)
def reset() -> ResponseReturnValue:
    """Set the password, or show the form again with the reason."""
    fields = form()
    token, password = fields.get("reset_token"), fields.get("new_password", "")
    try:
        auth().update_password(token, password)
    except Refusal as refusal:
        page = render_template("reset.html", token=token or "", refusal=refusal)
        return page, STATUS[refusal.code]
    return render_template("reset_done.html")
