"""The pages of where one is logged in, and of what was done with one's account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from vestibule.auth.errors import LoginNotRecent, NoSession, UnknownSession
from vestibule.auth.sessions import Visit
from vestibule.web.bodies import SessionEnd
from vestibule.web.door import FORMS, auth, form, page_before, session_id
from vestibule.web.languages import Words
from vestibule.web.login_form import LOGIN, NOT_RECENT, not_recent, signed_in
from vestibule.web.openapi import Answer, Operation, describe, page
from vestibule.web.sheet import called, go, moment, refused, show, words

session_pages = Blueprint("session_pages", __name__, url_prefix="/account")

SESSIONS = "/account/sessions"


@session_pages.get("/sessions")
@describe(Operation("The page of your sessions", (page(200, "It"), LOGIN), cookie=True))
def list_() -> Response:
    """Show them, the one used last first."""
    visit = signed_in()
    if not isinstance(visit, Visit):
        return visit
    return show("account_sessions.html", sessions=_sessions())


@session_pages.post("/sessions/end")
@describe(
    Operation(
        "What its buttons send: end one session, or all others",
        (
            Answer(303, "Over; go back to the page", headers=("Location",)),
            LOGIN,
            NOT_RECENT,
            page(404, "None of your sessions has this id"),
        ),
        body=SessionEnd,
        kinds=FORMS,
        example={"id": "9f86d081884c7d65"},
        cookie=True,
    )
)
def end() -> Response:
    """End it, or say why not."""
    visit, which = signed_in(), form().get("id", "")
    if not isinstance(visit, Visit):
        return visit
    try:
        if which == "others":
            auth().sessions.close_others(session_id())
            return go(SESSIONS, "others_ended")
        auth().sessions.close_other(session_id(), which)
    except LoginNotRecent:
        return not_recent(SESSIONS)
    except UnknownSession as refusal:
        return refused("account_sessions.html", refusal, sessions=_sessions())
    except NoSession:
        return go(SESSIONS)
    return go(SESSIONS, "session_ended")


@session_pages.get("/activity")
@describe(
    Operation(
        "The page of what was done with your account",
        (page(200, "It"), LOGIN),
        query=("before",),
        cookie=True,
    )
)
def activity() -> Response:
    """Show a page of it, the newest first."""
    visit = signed_in()
    if not isinstance(visit, Visit):
        return visit
    found = auth().accounts.activity(session_id(), page_before())
    t = words()
    acts = [_act(t, each) for each in found["activity"]]
    return show("account_activity.html", acts=acts, older=found["next"])


def _sessions() -> list[dict[str, Any]]:
    return [
        each._asdict()
        | {
            "device": called(each.device),
            "since": moment(each.created_at),
            "seen": moment(each.last_seen_at),
        }
        for each in auth().sessions.list(session_id())
    ]


def _act(t: Words, event: dict[str, Any]) -> dict[str, Any]:
    key = f"acts.{event['act']}"
    return event | {
        "act": t(key) if key in t else event["act"],
        "time": moment(datetime.fromisoformat(event["at"])),
        "done": event["outcome"] == "accepted",
    }
