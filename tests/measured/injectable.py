"""A service that makes the mistake which sqlmap must find: else finding nothing says nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import psycopg

from tests.stage.databases import libpq

# The same on both databases.
STATEMENT = """
    SELECT email FROM (SELECT 'alice@example.com' AS email) AS users WHERE email = '{email}'
    """


class Careless(BaseHTTPRequestHandler):
    """Answers whether somebody has an address, by a statement glued together from text."""

    # A PostgreSQL server's; none: SQLite.
    database_url: str | None = None

    def do_POST(self) -> None:
        """Look somebody up."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        email = parse_qs(body).get("email", [""])[0]
        found = bool(self._rows(STATEMENT.format(email=email)))
        answer = b'{"message":"known"}' if found else b'{"message":"unknown"}'
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _rows(self, sql: str) -> list[Any]:
        url = self.database_url
        with suppress(psycopg.Error, sqlite3.Error), closing(_connect(url)) as database:
            return list(database.execute(sql))
        return []

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _connect(url: str | None) -> Any:
    return psycopg.connect(libpq(url)) if url else sqlite3.connect(":memory:")


@contextmanager
def careless(database_url: str | None) -> Iterator[str]:
    """Where it answers, on a database of PostgreSQL or else on SQLite."""
    handler = type("Handler", (Careless,), {"database_url": database_url})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
