"""The forms at the ends of links in mails: looking changes nothing, sending acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import BadToken, Refusal
from vestibule.web.door import auth, form
from vestibule.web.sheet import refused, show

# What a form is given besides its token, by that; it may find that the token is over.
Given = Callable[[str], dict[str, Any]]


def _nothing(_: str) -> dict[str, Any]:
    return {}


def shown(purpose: str, template: str, given: Given = _nothing) -> ResponseReturnValue:
    """The form for the token in the query. Nothing is spent: mail scanners open links too."""
    token = request.args.get("token", "")
    try:
        auth().tokens.look(token, purpose)
        return show(template, token=token, **given(token))
    except BadToken:
        return show("reset_over.html", 403)


def sent(
    act: Callable[[str, str], ResponseReturnValue],
    template: str,
    wrong: str = "password_wrong",
    given: Given = _nothing,
) -> ResponseReturnValue:
    """What ``act`` answers to the token and password of the form, or the form once more.

    :param wrong: the words for a wrong password.
    """
    fields = form()
    token = fields.get("token", "")
    try:
        try:
            return act(token, fields.get("password", ""))
        except BadToken:
            raise
        except Refusal as refusal:
            # These forms have no field for an address.
            nowhere, instead = {"email_in_use": ""}, {"credentials_wrong": wrong}
            more = {"token": token, **given(token)}
            return refused(template, refusal, at=nowhere, instead=instead, **more)
    except BadToken:
        return show("reset_over.html", 403)


def done(what: str, email: str) -> Response:
    """The page that says what was done."""
    return show("done.html", what=what, more=f"{what}.more", email=email)
