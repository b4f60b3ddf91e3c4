"""One's own sessions: seen, and ended one by one or all but this."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from vestibule.auth.errors import NoSession
from vestibule.auth.sessions import Open
from vestibule.web.bodies import OpenSessions
from vestibule.web.checks import NAMES, who
from vestibule.web.door import answer, auth, session_id
from vestibule.web.openapi import NO_SESSION, NOT_RECENT, Answer, Operation, describe, refusal
from vestibule.web.problems import problem

sessions = Blueprint("sessions", __name__)

EXAMPLE = {
    "id": "9f86d081884c7d65",
    "created_at": "2026-11-20T17:25:21+00:00",
    "last_seen_at": "2026-11-20T18:02:07+00:00",
    "device": "Firefox on Linux",
    "address": "192.0.2.7",
    "current": True,
    "amr": ["pwd"],
    "proved_at": "2026-11-20T17:25:21+00:00",
}


@sessions.get("/sessions")
@describe(
    Operation(
        "See your own open sessions",
        (
            Answer(
                200, "They are, the one used last first", {"sessions": [EXAMPLE]}, (OpenSessions,)
            ),
            NO_SESSION,
        ),
        cookie=True,
    )
)
def list_() -> ResponseReturnValue:
    """List the sessions of who asks."""
    return answer(sessions=[_shown(each) for each in auth().sessions.list(session_id())])


@sessions.get("/sessions/verify")
@describe(
    Operation(
        "Check a session, for a proxy or another service",
        (
            Answer(204, "It is open; the headers say whose", headers=NAMES),
            refusal(NoSession.code, str(NoSession()), status=401),
        ),
        cookie=True,
    )
)
def verify() -> ResponseReturnValue:
    """Say whether a session is open, to who asks for somebody else."""
    try:
        visit = auth().sessions.require(session_id())
    except NoSession as error:
        return problem(401, error.code, str(error))
    response = Response(status=204, headers=who(visit))
    del response.headers["Content-Type"]
    return response


@sessions.delete("/sessions/<public_id>")
@describe(
    Operation(
        "End one of your own sessions",
        (
            Answer(204, "It is over"),
            NO_SESSION,
            NOT_RECENT,
            refusal("session_unknown", "None of your sessions has this id."),
        ),
        cookie=True,
        path=("public_id",),
    )
)
def close(public_id: str) -> ResponseReturnValue:
    """End the session with this public id."""
    auth().sessions.close_other(session_id(), public_id)
    return "", 204


def _shown(each: Open) -> dict[str, object]:
    return {
        "id": each.public_id,
        "created_at": each.created_at.isoformat(timespec="seconds"),
        "last_seen_at": each.last_seen_at.isoformat(timespec="seconds"),
        "device": each.device,
        "address": each.address,
        "current": each.current,
        "amr": each.amr,
        "proved_at": each.proved_at.isoformat(timespec="seconds"),
    }
