"""The pages of the second step of a login, and of the proof before what cannot be undone."""

from __future__ import annotations

from flask import Blueprint, Response, request

from vestibule.auth.errors import FactorOwed, LoginOver, NoSession, Refusal
from vestibule.auth.second_steps import Entered
from vestibule.web.door import FORMS, auth, form, hand_over, session_id
from vestibule.web.factor_bodies import CodeForm, ProofForm
from vestibule.web.login_form import (
    LOGIN,
    TOO_OFTEN,
    USUAL_NEXT,
    ended,
    login_form,
    owed,
    proof_form,
    step_form,
)
from vestibule.web.openapi import BUSY_PAGE, Answer, Operation, describe, page
from vestibule.web.sheet import go, safe_next
from vestibule.web.visitors import device

step_pages = Blueprint("step_pages", __name__)

OVER = page(403, "No login owes a factor; the form to begin one")
DONE = Answer(303, "Done; the session is in the cookie. Go there", headers=("Location",))


@step_pages.get("/login/factor")
@describe(
    Operation(
        "The form for the second factor of a login, to show one or to add the first",
        (
            page(200, "The form"),
            Answer(303, "The login is finished already. Go there", headers=("Location",)),
            OVER,
        ),
        query=("next", "way"),
        cookie=True,
    )
)
def code_form() -> Response:
    """Show the form."""
    onward, way = (request.args.get(name, "") for name in ("next", "way"))
    found = owed()
    return step_form(found, next=onward, way=way) if found else _over(onward)


@step_pages.post("/login/factor")
@describe(
    Operation(
        "What that form sends: finish a login with a code",
        (DONE, page(401, "It is not the code; the form once more"), OVER, TOO_OFTEN),
        body=CodeForm,
        kinds=FORMS,
        example={"code": "492039", "next": "/account"},
        cookie=True,
    )
)
def enter() -> Response:
    """Log in and go on, or show the form again with the reason."""
    fields = form()
    code, onward, way = (fields.get(name, "") for name in ("code", "next", "way"))
    try:
        if not code.strip():
            # Sent by mistake: that is no guess.
            raise FactorOwed(())
        done = auth().factors.steps.finish(session_id(), code, device())
    except LoginOver:
        return _over(onward)
    except Refusal as refusal:
        found = owed()
        if found:
            return step_form(found, next=onward, way=way, refusal=refusal)
        # It was one wrong code too many.
        return login_form(401, next=onward, why="over")
    return _onward(done, onward)


def _over(onward: str) -> Response:
    """What comes where no login owes a factor: it is finished, or to be begun again.

    Nothing is done to the cookie: it may be younger than this request.
    """
    if auth().sessions.find(session_id()):
        return go(safe_next(onward) or USUAL_NEXT)
    arrived = "arrived" in request.args and not session_id()
    return login_form(403, next=onward, why="cookie" if arrived else "over")


@step_pages.get("/account/confirm")
@describe(
    Operation(
        "The form to show once more who you are, for what needs a recent login",
        (page(200, "The form"), LOGIN),
        query=("next",),
        cookie=True,
    )
)
def confirm_form() -> Response:
    """Show the form."""
    return proof_form(next=request.args.get("next", ""))


@step_pages.post("/account/confirm")
@describe(
    Operation(
        "What that form sends: for a while it counts as just logged in",
        (
            DONE,
            page(400, "The password is too long"),
            page(401, "Not logged in, or not the password or the code"),
            TOO_OFTEN,
            BUSY_PAGE,
        ),
        body=ProofForm,
        kinds=FORMS,
        example={"password": "paint dries slowly", "code": "492039", "next": "/account"},
        cookie=True,
    )
)
def confirm() -> Response:
    """Take password and code and go back, or show the form again with the reason."""
    fields = form()
    password, code, onward = (fields.get(name, "") for name in ("password", "code", "next"))
    try:
        done = auth().factors.steps.prove(session_id(), password, code, device())
    except NoSession:
        return ended(onward)
    except Refusal as refusal:
        return proof_form(next=onward, refusal=refusal)
    return _onward(done, onward, "proved")


def _onward(done: Entered, onward: str, notice: str = "") -> Response:
    # What they have on paper gets less; nobody should learn that when there is none left.
    noted = notice if done.recovery_codes is None else "recovery_used"
    return hand_over(go(safe_next(onward) or USUAL_NEXT, noted), done.session_id)
