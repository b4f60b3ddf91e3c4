"""Lanes from the server to the application.

Reading (GET, HEAD, OPTIONS) takes microseconds and waits for nobody: it is answered at once, on
the event loop of the worker process. Everything else may wait its turn to write: it goes to a few
threads behind a queue of limited length, and cannot hold up the readers. What hashes a password
has a queue and threads of its own, and so cannot hold up who logs out either.

With a database server, reading waits for the network, and sometimes for a server that is gone. It
has threads of its own then: the event loop never waits.

A body is collected on the event loop before a thread is taken. A client that sends it slowly,
or never, therefore occupies no thread, and is let go after ``BODY_SECONDS``.

RSGI is granian's own interface (https://github.com/emmett-framework/granian), WSGI is PEP 3333.
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]  # It is not in an __all__.

from vestibule.auth.errors import StorageUnavailable
from vestibule.queues import Queue
from vestibule.web.door import REFUSED
from vestibule.web.headers import Wsgi
from vestibule.web.problems import HTTP_PROBLEMS, MAX_BODY, as_json, problem_body

Environ = dict[str, Any]

log = logging.getLogger(__name__)
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What is read here may be long: a year of somebody's acts.
LONG = frozenset({"/profile/export"})
# A write waits for the disk, and for other writes: few threads use it up.
THREADS = 4
# Seconds that a write may be expected to wait for one of them.
WRITE_SECONDS = 2.5
# Enough to keep a network busy whose answers take a millisecond.
READERS = 8
# Whether the process lives is told by the event loop itself, whoever keeps the threads busy.
LIFE_SIGN = "/healthz"
# Requests that may wait for a thread, in each lane. More would wait longer than people do.
QUEUE = 256
BODY_SECONDS = 10
# Headers that are the server's business. Who asks for another protocol is answered in this one (RFC
# 9110, section 7.8); Flask would look for a route of the other, and say that there is none.
SERVERS = frozenset({"content-length", "transfer-encoding", "upgrade"})
# Bytes of a refused body that are read and thrown away.
DISCARDED = 1024 * 1024


class Answer(NamedTuple):
    """A whole response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Dear(NamedTuple):
    """What keeps a core busy, as requests go: method and path, and how it is let in."""

    requests: frozenset[tuple[str, str]]
    threads: int
    # Seconds that one may be expected to wait.
    wait: float
    # What is said to a request of RSGI's ``scope`` that would wait longer.
    refuse: Callable[[Any], Answer]
    # Which client sent it; one client does not get all places.
    whose: Callable[[Any], str]


FAILED = Answer(
    500,
    [
        ("content-type", "application/problem+json"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ],
    as_json(problem_body(500, *HTTP_PROBLEMS[500])).encode(),
)
NOTHING_DEAR = Dear(frozenset(), 1, 0, lambda _: FAILED, lambda _: "")


class Lanes:
    """An RSGI application around a WSGI one."""

    def __init__(
        self,
        app: Wsgi,
        *,
        early: Callable[[Any], Answer | None] = lambda _: None,
        at_start: Callable[[], None] = lambda: None,
        at_end: Callable[[], None] = lambda: None,
        threads: int = THREADS,
        readers: int = 0,
        queue: int = QUEUE,
        dear: Dear = NOTHING_DEAR,
    ) -> None:
        self._app = app
        # What needs no more of the application than a plain yes.
        self._early = early
        self._at_start, self._at_end = at_start, at_end
        self._dear = dear
        self._writing = Queue("work", threads=threads, most=queue, wait=WRITE_SECONDS)
        self._hashing = Queue("dear", threads=dear.threads, most=queue, wait=dear.wait)
        # None where reading never waits: it is answered on the event loop.
        self._readers = ThreadPoolExecutor(readers, "read") if readers else None
        self._queue = queue
        self._reading = 0

    def __rsgi_init__(self, loop: Any) -> None:
        """Begin: granian calls this when the event loop is about to run."""
        loop.call_soon(self._at_start)

    def __rsgi_del__(self, _: Any) -> None:
        """End: granian calls this when the last request was answered."""
        self._writing.close()
        self._hashing.close()
        if self._readers:
            self._readers.shutdown()
        self._at_end()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        if scope.proto != "http":
            protocol.close()
            return
        try:
            if scope.method not in READING or scope.path.rstrip("/") in LONG:
                answer = await self._work(scope, protocol)
            elif self._readers is None or scope.path == LIFE_SIGN:
                answer = self._answer(scope)
            else:
                answer = await self._read(scope, self._readers)
        except Exception:
            # The server below would write the exception's text, which may quote the request.
            log.exception("request.failed")
            answer = FAILED
        protocol.response_bytes(*answer)

    async def _read(self, scope: Any, readers: ThreadPoolExecutor) -> Answer:
        if self._reading >= self._queue:
            return call(self._app, environ(scope) | {REFUSED: 503})
        self._reading += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(readers, self._answer, scope)
        finally:
            self._reading -= 1

    def _answer(self, scope: Any) -> Answer:
        try:
            return self._early(scope) or call(self._app, environ(scope))
        except StorageUnavailable as error:
            # To ask the storage once more would take as long again.
            return call(self._app, environ(scope) | {REFUSED: error})

    async def _work(self, scope: Any, protocol: Any) -> Answer:
        request = environ(scope)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await collect(scope.headers, protocol)
        except TimeoutError:
            return call(self._app, request | {REFUSED: 408})
        except UnreadBody as refusal:
            return call(self._app, request | {REFUSED: refusal.status})
        request |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}

        def work() -> Answer:
            return call(self._app, request)

        if (scope.method, scope.path.rstrip("/")) in self._dear.requests:
            whose = self._dear.whose(scope)
            return await self._hashing.answer(work, lambda: self._dear.refuse(scope), whose)
        return await self._writing.answer(work, lambda: call(self._app, request | {REFUSED: 503}))


class UnreadBody(Exception):
    """The body is not read, or not to its end; ``status`` says why."""

    def __init__(self, status: int) -> None:
        self.status = status


async def collect(headers: Any, protocol: Any) -> bytes:
    """The whole body, never a part of it: a password that was cut off is another password.

    :raises UnreadBody: its length is not given (411), over ``MAX_BODY`` bytes (413), or it broke
        off (400). Of a chunked body granian cannot say both that it is long and that it broke off.
    """
    if "transfer-encoding" in headers.keys():  # noqa: SIM118 - not a dict
        await _discard(protocol)
        raise UnreadBody(411)
    declared = headers.get("content-length") or "0"
    if int(declared) > MAX_BODY:
        await _discard(protocol)
        raise UnreadBody(413)
    try:
        body: bytes = await protocol() if declared != "0" else b""
    except ProtocolClosed:
        raise UnreadBody(400) from None
    return body


async def _discard(protocol: Any) -> None:
    """Let a body that is too long pass by, up to a limit.

    An answer to a client that is still sending would be lost with the connection.
    """
    passed = 0
    async for chunk in protocol:
        passed += len(chunk)
        if passed > DISCARDED:
            break


def environ(scope: Any) -> Environ:
    """The WSGI environment of a request whose body is empty (PEP 3333)."""
    address, _, port = scope.client.rpartition(":")
    values: Environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # WSGI wants the bytes of the decoded path, one character each.
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": scope.server.rpartition(":")[0].strip("[]"),
        "SERVER_PORT": scope.server.rpartition(":")[2],
        "REMOTE_ADDR": address.strip("[]"),
        "REMOTE_PORT": port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        _add_header(values, name, value)
    return values


def _add_header(values: Environ, name: str, value: str) -> None:
    if name == "content-type":
        values["CONTENT_TYPE"] = value
    elif name not in SERVERS and "_" not in name:
        # A name with an underscore could pass for one with a dash: a proxy's, for example.
        key = f"HTTP_{name.upper().replace('-', '_')}"
        joint = "; " if name == "cookie" else ","
        values[key] = f"{values[key]}{joint}{value}" if key in values else value


def call(app: Wsgi, request: Environ) -> Answer:
    """The application's whole answer."""
    started: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        started[:] = int(status[:3]), [(name.lower(), value) for name, value in headers]

    chunks = app(request, start)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
    return Answer(started[0], started[1], body)
