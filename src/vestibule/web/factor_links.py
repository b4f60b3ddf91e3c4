"""The ways back to an account and its factors, behind links in mails: for pages and programs."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from vestibule.auth.tokens import DISOWN, KEEP
from vestibule.web.bodies import TOKEN, AddressAndMessage, Link
from vestibule.web.door import FORMS, answer, auth, read
from vestibule.web.link_form import done, sent, shown
from vestibule.web.openapi import (
    BAD_TOKEN,
    IN_USE,
    Answer,
    Operation,
    describe,
    field_refusal,
    page,
)

factor_links = Blueprint("factor_links", __name__, url_prefix="/factors")

EMAIL = "alice@example.com"
OVER = page(403, "The link is over")
EXAMPLE = {"token": TOKEN}


@factor_links.post("/disown")
@describe(
    Operation(
        "Take a first factor off your account again, where it was not you who added it",
        (
            Answer(
                200,
                "It is gone, and the password opens nothing. Sessions are over, and a mail leads "
                "to a new password",
                {"email": EMAIL, "message": "factors removed"},
                (AddressAndMessage,),
            ),
            field_refusal(400),
            BAD_TOKEN,
            IN_USE,
        ),
        body=Link,
        example=EXAMPLE,
    )
)
def disown() -> ResponseReturnValue:
    """Take it off."""
    email = auth().factors.ways_back.disown(read(Link, missing=400).token)
    return answer(email=email, message="factors removed")


@factor_links.get("/disown")
@describe(
    Operation(
        "Where the link about a first factor leads: a form with one button",
        (page(200, "The form"), OVER),
        query=("token",),
    )
)
def disown_form() -> ResponseReturnValue:
    """Show the form."""
    return shown(DISOWN, "disown.html")


@factor_links.post("/disown/form")
@describe(
    Operation(
        "What the form about a first factor sends",
        (
            page(200, "The factor is gone, and the password opens nothing"),
            OVER,
            page(409, "Another account has the address"),
        ),
        body=Link,
        kinds=FORMS,
        example=EXAMPLE,
    )
)
def disown_by_form() -> ResponseReturnValue:
    """Take it off, or show the form again with the reason."""

    def act(token: str, _: str) -> ResponseReturnValue:
        return done("disown", auth().factors.ways_back.disown(token))

    return sent(act, "disown.html")


@factor_links.post("/keep")
@describe(
    Operation(
        "Keep your factors, which an operator is to take away for somebody who lost them",
        (
            Answer(
                200,
                "They stay",
                {"email": EMAIL, "message": "factors kept"},
                (AddressAndMessage,),
            ),
            field_refusal(400),
            BAD_TOKEN,
        ),
        body=Link,
        example=EXAMPLE,
    )
)
def keep() -> ResponseReturnValue:
    """Keep them."""
    email = auth().factors.ways_back.keep(read(Link, missing=400).token)
    return answer(email=email, message="factors kept")


@factor_links.get("/keep")
@describe(
    Operation(
        "Where the link about factors that are to end leads: a form with one button",
        (page(200, "The form"), OVER),
        query=("token",),
    )
)
def keep_form() -> ResponseReturnValue:
    """Show the form."""
    return shown(KEEP, "keep.html")


@factor_links.post("/keep/form")
@describe(
    Operation(
        "What the form to keep factors sends",
        (page(200, "The factors stay"), OVER),
        body=Link,
        kinds=FORMS,
        example=EXAMPLE,
    )
)
def keep_by_form() -> ResponseReturnValue:
    """Keep them, or say that the link is over."""

    def act(token: str, _: str) -> ResponseReturnValue:
        return done("keep", auth().factors.ways_back.keep(token))

    return sent(act, "keep.html")
