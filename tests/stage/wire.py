"""What goes over the wire to PostgreSQL: each round trip, and what was asked in it."""

from __future__ import annotations

import select
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit, urlunsplit

PORT = 6433
# Of what a client sends, in PostgreSQL's protocol 3.0: the kinds that carry text of SQL.
QUERY, PARSE, BIND = b"Q", b"P", b"B"
SOCKET = ".s.PGSQL"


@dataclass
class Wire:
    """A way to the server at ``behind``, a directory, that writes down what passes.

    A round trip is everything that a client sends before the server says something again.
    """

    behind: Path
    folder: Path
    # One for each round trip, in words: "Q ..." a simple query, "P ..." a statement that is
    # prepared or planned, "B name" one that is run.
    trips: list[list[str]] = field(default_factory=list)
    connections: int = 0

    def through(self, url: str) -> str:
        """The same database, by this way."""
        return urlunsplit(urlsplit(url)._replace(query=f"host={self.folder}&port={PORT}"))

    def forget(self) -> None:
        """Begin a new count."""
        self.trips.clear()
        self.connections = 0

    def serve(self, listening: socket.socket) -> None:
        """Let connections through until ``listening`` is shut."""
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                self.connections += 1
                Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(str(self.behind / f"{SOCKET}.5432"))
            Conversation(self.trips, client, server).run()


@dataclass
class Conversation:
    """One connection; the client speaks first."""

    trips: list[list[str]]
    client: socket.socket
    server: socket.socket
    _answered: bool = True
    # The first message has no kind, but a length.
    _greeted: bool = False
    _rest: bytes = b""

    def run(self) -> None:
        """Pass on what either says, until one of them has gone."""
        while True:
            for each in select.select([self.client, self.server], [], [])[0]:
                piece = each.recv(65536)
                if not piece:
                    return
                if each is self.server:
                    self._answered = True
                    self.client.sendall(piece)
                else:
                    self._note(list(self._read(piece)))
                    self.server.sendall(piece)

    def _note(self, words: list[str]) -> None:
        if not words:
            return
        if self._answered:
            self.trips.append([])
        self._answered = False
        self.trips[-1] += words

    def _read(self, piece: bytes) -> Iterator[str]:
        self._rest += piece
        while True:
            head = 1 if self._greeted else 0
            length = int.from_bytes(self._rest[head : head + 4], "big")
            if len(self._rest) < head + 4 or len(self._rest) < head + length:
                return
            kind, body = self._rest[:head], self._rest[head + 4 : head + length]
            self._rest = self._rest[head + length :]
            if not self._greeted:
                self._greeted = True
            elif kind in (QUERY, PARSE, BIND):
                yield _words(kind, body)


def _words(kind: bytes, body: bytes) -> str:
    parts = body.split(b"\0")
    # Of a portal and of a statement the name comes first.
    text = parts[0] if kind == QUERY else parts[1]
    return f"{kind.decode()} {' '.join(text.decode().split())}"


@contextmanager
def wire(behind: Path) -> Iterator[Wire]:
    """A way to the server at ``behind``."""
    folder = Path(tempfile.mkdtemp(prefix="vestibule-wire-"))
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / f"{SOCKET}.{PORT}"))
    listening.listen()
    way = Wire(behind, folder)
    Thread(target=way.serve, args=(listening,), daemon=True).start()
    try:
        yield way
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        shutil.rmtree(folder)
