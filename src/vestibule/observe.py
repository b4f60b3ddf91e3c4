"""What can be seen from outside: one JSON log line a request, with an id that the answer carries.

Only the names in ``ALLOWED`` are ever written. A password, a cookie, a token or an address has no
name there, so it cannot get into a log by mistake; nor can the text of an exception, which may
quote one: its class and the places it passed are written instead.
"""

from __future__ import annotations

import io
import json
import logging
import os
import random
import stat
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from threading import Event, Thread
from typing import Any, TextIO, cast

from flask import Flask

from vestibule.auth.caller import request_id

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
log = logging.getLogger(__name__)

# What may stand in a line besides the time, the level, the event and the request's id.
ALLOWED = (
    *("method", "route", "status", "milliseconds", "template", "message_id"),
    # Of the audit trail, whose rows may be written after the request that they are about.
    *("act", "outcome", "user", "session", "origin", "number", "digest", "request_id"),
)
OURS = "vestibule."
# Libraries that speak of workers and schemas, and never of a request.
FLASK = "vestibule"
# A line is written this much later at most; lines beyond the most are dropped, the oldest first.
GATHER_SECONDS = 0.05
MOST_LINES = 10_000
PIPE_BUF = 4096
TRUSTED = ("_granian", "alembic.runtime.migration")


def configure_logs(level: str) -> None:
    """Write JSON lines to standard error, our own and those of the libraries below."""
    logging.raiseExceptions = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS.rstrip(".")).setLevel(level.upper())
    # Flask's development server would log whole URLs, and a reset link is a secret.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)


class LossyLog(io.TextIOBase):
    """A standard error that never holds anybody up.

    Lines are gathered and written by a thread, many at a time: a system call for each would cost a
    sixth of a session check. Lines that nobody reads are dropped: a log must never stop a service.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque(maxlen=MOST_LINES)
        self._more = Event()
        self._begun = False
        os.register_at_fork(after_in_child=self._forget)

    @classmethod
    def of(cls, stream: TextIO) -> TextIO:
        """``stream``, if it is a file, pipe or terminal, without ever waiting for its reader.

        Opened anew, because to change the one that is open would change it for other programs too.
        What cannot be opened anew, such as a socket, stays as it is.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            return cast(TextIO, cls(os.open(f"/proc/self/fd/{stream.fileno()}", flags)))
        except (OSError, ValueError):
            return stream

    def write(self, text: str) -> int:
        """Have the text written soon, or when somebody flushes."""
        if not self._begun:
            self._start()
        self._lines.append(text.encode())
        if not self._more.is_set():
            self._more.set()
        return len(text)

    def flush(self) -> None:
        """Write what was gathered, or drop it."""
        batch = bytearray()
        with suppress(IndexError):
            while True:
                line = self._lines.popleft()
                # A pipe takes this much whole or not at all (POSIX PIPE_BUF): no line is cut.
                if len(batch) + len(line) > PIPE_BUF:
                    self._write(batch)
                    batch.clear()
                batch += line
        self._write(batch)

    def _write(self, batch: bytearray) -> None:
        with suppress(OSError):
            os.write(self._descriptor, batch)

    def _forget(self) -> None:
        """Threads do not survive a fork: each process starts its own."""
        self._begun = False

    def _start(self) -> None:
        self._more = Event()
        self._begun = True
        Thread(target=self._run, name="log", daemon=True).start()

    def _run(self) -> None:
        while self._more.wait():
            time.sleep(GATHER_SECONDS)
            self._more.clear()
            self.flush()


def appended(stream: TextIO) -> TextIO:
    """``stream``, written at its end if it is a file: the log's may be the same (``> file 2>&1``).

    Opened anew, each writes where it stopped itself, over what the other wrote meanwhile.
    """
    with suppress(OSError, ValueError):
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            path = Path(f"/proc/self/fd/{stream.fileno()}")
            return path.open("a", buffering=1, encoding=stream.encoding)
    return stream


class JsonFormatter(logging.Formatter):
    """A log record as one JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. A library that may speak of requests says only where it spoke."""
        fields: dict[str, Any] = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "event": record.msg,
            "request_id": request_id.get(),
        }
        if not record.name.startswith(OURS):
            fields |= _of_library(record)
        values = record.__dict__
        fields |= {name: values[name] for name in ALLOWED if name in values}
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
        own_id = new_request_id()

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            headers.append(("X-Request-ID", own_id))
            request = environ.get("werkzeug.request")
            # The rule, not the path: a path or a query may carry a token, or anything else.
            rule = request and request.url_rule and request.url_rule.rule
            method = environ["REQUEST_METHOD"] if rule else "other"
            log_request(method, rule or "unknown", int(status[:3]), began)
            return start_response(status, headers, exc_info)

        return wsgi(environ, start)

    return application


def new_request_id() -> str:
    """An id for the request that begins now, and for all that is logged about it.

    Never the client's own: it could be a forged one, or carry a secret into the log. Not a secret
    itself, so that it need not cost a system call.
    """
    own_id = random.randbytes(8).hex()  # noqa: S311
    request_id.set(own_id)
    return own_id


def log_request(method: str, route: str, status: int, began: float) -> None:
    """Write a request's line, when it is answered.

    :param route: a rule of ours, never a path.
    :param began: by ``time.perf_counter``.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    milliseconds = (time.perf_counter() - began) * 1000
    # Neither the logging module nor the one for JSON: they would cost a check a tenth each.
    line = (
        f'{{"time": "{_time(time.time())}", "level": "info", "event": "request", '
        f'"request_id": "{request_id.get()}", {_labels(method, route)}, '
        f'"status": {status}, "milliseconds": {milliseconds:.1f}}}\n'
    )
    try:  # noqa: SIM105 - a tenth of all this.
        sys.stderr.write(line)
    except (OSError, ValueError):
        pass  # A log that cannot be written must not fail a request.


@lru_cache(maxsize=1000)
def _labels(method: str, route: str) -> str:
    return json.dumps({"method": method, "route": route})[1:-1]


def _time(seconds: float) -> str:
    whole, milliseconds = divmod(int(seconds * 1000), 1000)
    return f"{_second(whole)}.{milliseconds:03d}+00:00"


@lru_cache(maxsize=1)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _of_library(record: logging.LogRecord) -> dict[str, Any]:
    trusted = record.name.startswith(TRUSTED)
    event = record.getMessage().partition("\n")[0] if trusted else "library.spoke"
    if record.name == FLASK:
        # Its text quotes the path, which may hold a token.
        event = "request.failed"
    return {"event": event, "logger": record.name, "at": [f"{record.module}:{record.lineno}"]}


def _described(error: BaseException) -> dict[str, Any]:
    """An exception without its text: its class, and the places it passed, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "exception": type(error).__name__,
        "at": [f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames[-8:]],
    }
