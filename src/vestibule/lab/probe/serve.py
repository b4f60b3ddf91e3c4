"""Serves the target's own ``app``, with a back door through which checks arrange what they need."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def server(backstage: str, threaded: bool) -> Any:
    """Return a server of the target's ``app`` on a free port, to be started by the caller.

    The 21 tasks are served by one thread: whether a target stands more is asked beyond them.
    """
    module = importlib.import_module("app")
    serving = importlib.import_module("werkzeug.serving")
    with_door = back_door(module.app, lambda: module.AUTH, backstage)
    return serving.make_server("127.0.0.1", 0, with_door, threaded=threaded)


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
            shown, status = {"error": f"{type(error).__name__}: {error}"}, "500 Raised"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(shown, default=repr).encode()]

    return answer
