"""A list of stolen passwords behind a real HTTP endpoint, which does what a test tells it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

# Puts the answer on the wire, however good or bad.
Behave = Callable[[BaseHTTPRequestHandler], None]


def sha1(password: str) -> str:
    """What lists hold."""
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def says(body: str | bytes, status: int = 200, **headers: str) -> Behave:
    """Answer with this body."""
    raw = body.encode() if isinstance(body, str) else body

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in ({"Content_Length": str(len(raw))} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(raw)

    return behave


def knows(*passwords: str, count: int = 7, ending: str = "\r\n") -> Behave:
    """Answer like Have I Been Pwned: what begins so, and padding."""
    listed = {sha1(password): count for password in passwords}

    def behave(request: BaseHTTPRequestHandler) -> None:
        prefix = request.path.rpartition("/")[2]
        padding = {sha1(f"{prefix} {number}"): 0 for number in range(800)}
        found = {h[5:]: n for h, n in listed.items() if h.startswith(prefix)}
        lines = sorted({h[5:]: n for h, n in padding.items()}.items() | found.items())
        says(ending.join(f"{rest}:{number}" for rest, number in lines))(request)

    return behave


class Endpoint:
    """The endpoint, and what it was asked."""

    def __init__(self, behave: Behave) -> None:
        self.behave = behave
        self.asked: list[tuple[str, Message]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.asked.append((self.path, self.headers))
                endpoint.behave(self)

            def do_CONNECT(self) -> None:
                # Somebody takes this for a proxy.
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/range/"

    @contextmanager
    def serving(self) -> Iterator[Endpoint]:
        """Answer until the end of the block."""
        thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class Quiet(ThreadingHTTPServer):
    """Waits for nobody at the end, and says nothing of clients that went away."""

    block_on_close = False
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""
