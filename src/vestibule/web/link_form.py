"""The forms at the ends of links in mails: looking changes nothing, sending acts."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import BadToken, Refusal
from vestibule.web.door import auth, form
from vestibule.web.sheet import refused, show


def shown(purpose: str, template: str) -> ResponseReturnValue:
    """The form for the token in the query. Nothing is spent: mail scanners open links too."""
    token = request.args.get("token", "")
    if not auth().tokens.opens(token, purpose):
        return show("reset_over.html", 403)
    return show(template, token=token)


def sent(
    act: Callable[[str, str], ResponseReturnValue], template: str, wrong: str = "password_wrong"
) -> ResponseReturnValue:
    """What ``act`` answers to the token and password of the form, or the form once more.

    :param wrong: the words for a wrong password.
    """
    fields = form()
    token = fields.get("token", "")
    try:
        return act(token, fields.get("password", ""))
    except BadToken:
        return show("reset_over.html", 403)
    except Refusal as refusal:
        # These forms have no field for an address.
        nowhere, instead = {"email_in_use": ""}, {"credentials_wrong": wrong}
        return refused(template, refusal, at=nowhere, instead=instead, token=token)


def done(what: str, email: str) -> Response:
    """The page that says what was done."""
    return show("done.html", what=what, more=f"{what}.more", email=email)
