"""What can be seen from outside: one JSON log line a request, with an id that the answer carries.

Only the names in ``ALLOWED`` are ever written. A password, a cookie, a token or an address has no
name there, so it cannot get into a log by mistake; nor can the text of an exception, which may
quote one: its class and the places it passed are written instead.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from flask import Flask

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
log = structlog.stdlib.get_logger(__name__)

ALLOWED = frozenset(
    {
        "time", "level", "event", "request_id", "method", "route", "status", "milliseconds",
        "exception", "at", "message_id", "template", "logger", "pid",
    }
)  # fmt: skip
# Libraries that speak of workers and schemas, and never of a request.
TRUSTED = ("_granian", "alembic.runtime.migration")


def configure_logs(level: str) -> None:
    """Write JSON lines to standard error, our own and those of the libraries below."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", key="time"),
        _without_exception_text,
        _only_allowed,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LibraryFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # Flask's development server would log whole URLs, and a reset link is a secret.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)


class LibraryFormatter(logging.Formatter):
    """A library's record as a JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: who spoke and from where, and what, if it never speaks of requests."""
        fields: dict[str, Any] = {
            "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": record.levelname.lower(),
            "event": record.getMessage() if record.name.startswith(TRUSTED) else "library.spoke",
            "logger": record.name,
            "at": [f"{record.module}:{record.lineno}"],
            **structlog.contextvars.get_contextvars(),
        }
        if record.exc_info and record.exc_info[1]:
            fields |= _described(record.exc_info[1])
        return json.dumps(fields)


def observe(app: Flask) -> None:
    """Give every request of ``app`` an id, and a line in the log."""
    # setattr: mypy takes the assignment of a method for a mistake, Flask documents it as the way.
    setattr(app, "wsgi_app", _observed(app.wsgi_app))  # noqa: B010


def _observed(wsgi: Wsgi) -> Wsgi:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        began = time.perf_counter()
        # Never the client's own id: it could be a forged one, or carry a secret into the log.
        request_id = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers.append(("X-Request-ID", request_id))
            _record(environ, status, began)
            return start_response(status, headers, exc_info)

        return wsgi(environ, start)

    return application


def _record(environ: dict[str, Any], status: str, began: float) -> None:
    request = environ.get("werkzeug.request")
    # The rule, not the path: a path or a query may carry a token, or anything else.
    rule = request.url_rule if request else None
    log.info(
        "request",
        method=environ["REQUEST_METHOD"] if rule else "other",
        route=rule.rule if rule else "unknown",
        status=int(status[:3]),
        milliseconds=round((time.perf_counter() - began) * 1000, 1),
    )


def _without_exception_text(_: Any, __: str, event: Any) -> Any:
    if event.pop("exc_info", None):
        error = sys.exc_info()[1]
        event |= _described(error) if error else {}
    return event


def _only_allowed(_: Any, __: str, event: Any) -> Any:
    return {name: value for name, value in event.items() if name in ALLOWED}


def _described(error: BaseException) -> dict[str, Any]:
    """An exception without its text: its class, and the places it passed, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "exception": type(error).__name__,
        "at": [f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames[-8:]],
    }
