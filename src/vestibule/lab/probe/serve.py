"""Serves the target's own ``app``, with a back door through which checks arrange what they need."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from typing import TYPE_CHECKING, Any

from .verdict import RAISED, describe, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def server(backstage: str, threaded: bool) -> Any:
    """Return a server of the target's ``app`` on a free port, to be started by the caller.

    The 21 tasks are served by one thread: whether a target stands more is asked beyond them.
    """
    module = importlib.import_module("app")
    serving = importlib.import_module("werkzeug.serving")
    with_door = back_door(telling(module.app), lambda: module.AUTH, backstage)
    return serving.make_server("127.0.0.1", 0, with_door, threaded=threaded)


def telling(app: Application) -> Application:
    """Return ``app``, whose answers of 5xx have one more header: what was raised, and where."""
    raised = threading.local()
    note_what_flask_catches(raised)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raised.text = ""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            shown = [(RAISED, raised.text)] if raised.text and status.startswith("5") else []
            return start_response(status, [*headers, *shown], *rest)

        try:
            return app(environ, start)
        except Exception as error:  # noqa: BLE001 - a server says 500 where an app raises
            raised.text = header(error)
            # A body that is left unread takes the answer with it when the connection is closed.
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("500 Raised", [("Content-Type", "text/plain")], sys.exc_info())
            return [b"Internal Server Error"]

    return answer


def note_what_flask_catches(raised: Any) -> None:
    """Let Flask, which answers 500 to what a view raises, set ``raised.text`` before it does."""
    flask: Any = importlib.import_module("flask")
    handle = flask.Flask.handle_user_exception

    def noting(self: Any, error: Exception) -> Any:
        # abort() raises as well, and what it raises knows its status.
        if not hasattr(error, "get_response"):
            raised.text = header(error)
        return handle(self, error)

    flask.Flask.handle_user_exception = noting


def header(error: BaseException) -> str:
    """Return what was raised, and where, as a header may say it."""
    return short(describe(error)).encode("ascii", "backslashreplace").decode()


def back_door(app: Application, auth: Callable[[], Any], path: str) -> Application:
    """Return ``app`` with one more path, at which the methods of ``AUTH`` can be called.

    They are called in the thread that serves, so that the target need not stand another one.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != path:
            return app(environ, start_response)
        order = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        try:
            result = getattr(auth(), order["call"])(*order["arguments"])
            shown = {"result": getattr(result, "email", result)}
            status = "200 OK"
        except Exception as error:  # noqa: BLE001 - it is the target's, and the check's to judge
            shown, status = {"error": describe(error)}, "500 Raised"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(shown, default=repr).encode()]

    return answer
