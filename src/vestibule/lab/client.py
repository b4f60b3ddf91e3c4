"""One HTTP request at a time, with hard limits: what answers may be anything."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlencode, urlsplit

from vestibule.lab.probe.verdict import RAISED, Unmet, apart

LARGEST_BODY = 1024 * 1024


class NoAnswer(Unmet):
    """The target gave no HTTP answer; ``silent`` if it let the time pass."""

    def __init__(self, asked: str, seen: str, *, silent: bool = False) -> None:
        super().__init__(f"{asked}: an answer", seen)
        self.silent = silent


@dataclass(frozen=True)
class Answer:
    """What the target answered to ``asked``."""

    asked: str
    status: int
    headers: Message
    body: bytes

    def json(self) -> object:
        """Return the body as JSON, or None if it is none."""
        try:
            value: object = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value

    def field(self, name: str) -> str:
        """Return a text of the JSON body, empty if it has no such text."""
        body = self.json()
        value = body.get(name) if isinstance(body, dict) else None
        return value if isinstance(value, str) else ""

    def cookie(self, name: str) -> str:
        """Return the value of a cookie that the answer sets, empty if it sets none."""
        for header in self.headers.get_all("Set-Cookie", []):
            key, _, value = header.partition(";")[0].partition("=")
            if key.strip() == name:
                return value.strip().strip('"')
        return ""

    @property
    def seen(self) -> str:
        """Return the status and, where it is known, what the target raised."""
        raised = self.headers.get(RAISED) if self.status >= 500 else None
        return f"{self.status}: {raised}" if raised else str(self.status)

    def must(self, status: int, body: object = None) -> Answer:
        """Return the answer if it has this status and, where one is given, this JSON body.

        :raises Unmet: it has another one.
        """
        wanted = str(status) if body is None else f"{status} {json.dumps(body)}"
        if self.status != status:
            raise Unmet(f"{self.asked}: {wanted}", self.seen)
        if body is not None and self.json() != body:
            wanted, seen = apart(wanted, f"{status} {self._written_like(body)}")
            raise Unmet(f"{self.asked}: {wanted}", seen)
        return self

    def _written_like(self, body: object) -> str:
        """Return the body as text: a JSON object with its keys in the order of another one."""
        own = self.json()
        if not isinstance(own, dict) or not isinstance(body, dict):
            return self.body[:300].decode("utf-8", "replace")
        return json.dumps({key: own[key] for key in [*body, *own] if key in own})


class Client:
    """Asks one target, and nobody else: redirects are not followed, proxies are not used.

    ``deadline``, on the monotonic clock, ends every request that is under way by then. ``watch``
    is told every answer.
    """

    def __init__(self, url: str, watch: Callable[[Answer], None] = lambda _: None) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._secure = parts.scheme == "https"
        self._prefix = parts.path.rstrip("/")
        self.netloc = parts.netloc.rpartition("@")[2]
        self.deadline = 0.0
        self._watch = watch

    def send(
        self,
        method: str,
        path: str,
        form: dict[str, str] | None = None,
        session_id: str | None = None,
        what: str = "",
    ) -> Answer:
        """Return the answer to a request; ``what`` tells a reader what is special about it.

        :raises NoAnswer: there is none that is complete, in time, and HTTP.
        """
        asked = f"{method} {path}" + (f" ({what})" if what else "")
        headers = {"Connection": "close", "Accept": "*/*"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if session_id is not None:
            headers["Cookie"] = f"session_id={session_id}"
        return self.exchange(asked, method, path, urlencode(form or {}).encode(), headers)

    def exchange(
        self, asked: str, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> Answer:
        """Send a request as it stands and return the answer.

        :raises NoAnswer: there is none that is complete, in time, and HTTP.
        """
        left = self.deadline - time.monotonic()
        connection = self._connection(max(left, 0.01))
        try:
            connection.connect()
            # A socket's own time limit starts again with every byte that drips in.
            guard = threading.Timer(max(left, 0.01), cut, [connection.sock])
            guard.start()
            try:
                connection.request(method, self._prefix + path, body=body or None, headers=headers)
                response = connection.getresponse()
                content = response.read(LARGEST_BODY + 1)
            finally:
                guard.cancel()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._no_answer(asked, error) from error
        finally:
            connection.close()
        if time.monotonic() >= self.deadline:
            raise self._no_answer(asked, TimeoutError())
        if len(content) > LARGEST_BODY:
            raise NoAnswer(asked, f"a body of more than {LARGEST_BODY} bytes")
        if response.length and not response.chunked:
            whole = len(content) + response.length
            raise NoAnswer(asked, f"a body of {len(content)} bytes instead of {whole}")
        answer = Answer(asked, response.status, response.headers, content)
        self._watch(answer)
        return answer

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=seconds)

    def _no_answer(self, asked: str, error: Exception) -> NoAnswer:
        if isinstance(error, TimeoutError) or time.monotonic() >= self.deadline:
            return NoAnswer(asked, "none that ended in time", silent=True)
        if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
            return NoAnswer(asked, f"what is not HTTP ({type(error).__name__}: {error})")
        return NoAnswer(asked, f"{type(error).__name__}: {error}")


def cut(sock: socket.socket) -> None:
    """End whatever somebody waits for on this socket."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
