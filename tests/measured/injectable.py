"""A service that makes the mistake which sqlmap must find: else finding nothing says nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class Careless(BaseHTTPRequestHandler):
    """Answers whether somebody has an address, by a statement glued together from text."""

    def do_POST(self) -> None:
        """Look somebody up."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        email = parse_qs(body).get("email", [""])[0]
        with sqlite3.connect(":memory:") as database:
            database.execute("CREATE TABLE users (email)")
            database.execute("INSERT INTO users VALUES ('alice@example.com')")
            sql = f"SELECT email FROM users WHERE email = '{email}'"  # noqa: S608 - the mistake.
            try:
                found = database.execute(sql).fetchone() is not None
            except sqlite3.Error:
                found = False
        database.close()
        answer = b'{"message":"known"}' if found else b'{"message":"unknown"}'
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def careless() -> Iterator[str]:
    """Where it answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
