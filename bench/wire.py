"""HTTP/1.1 at its barest: a client that costs next to nothing beside the server it measures."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import socket
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

PATIENCE_SECONDS = 30
END_OF_HEAD, END_OF_CHUNKS = b"\r\n\r\n", b"0\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
CLOSING = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
NUMBERS = itertools.count(2)


def somewhere() -> str:
    """An address on the network that nobody else came from: all of 127.0.0.0/8 is this machine."""
    number = next(NUMBERS)
    return f"127.{1 + number // 65536}.{number // 256 % 256}.{number % 256}"


ADDRESSES = itertools.cycle([somewhere() for _ in range(2000)])


class Timed(NamedTuple):
    """An answer's status, and how long it took from the first byte sent."""

    status: int
    seconds: float


def request(method: str, path: str, *headers: str, **fields: str) -> bytes:
    """The bytes of a request, with a form if there are fields."""
    kind = ["Content-Type: application/x-www-form-urlencoded"] if fields else []
    return _compose(f"{method} {path}", [*headers, *kind], urlencode(fields).encode())


def json_request(method: str, path: str, *headers: str, **fields: str) -> bytes:
    """The bytes of a request that carries the fields as JSON."""
    kind = "Content-Type: application/json"
    return _compose(f"{method} {path}", [*headers, kind], json.dumps(fields).encode())


def _compose(what: str, headers: Iterable[str], body: bytes) -> bytes:
    length = [f"Content-Length: {len(body)}"] if body else []
    lines = [f"{what} HTTP/1.1", "Host: localhost", *headers, *length]
    return "\r\n".join([*lines, "", ""]).encode() + body


def place(url: str) -> tuple[str, int]:
    """Host and port of a server."""
    there = urlsplit(url)
    return str(there.hostname), int(there.port or 80)


class Line(AbstractContextManager["Line"]):
    """A connection that is kept as long as the server keeps it, and blocks."""

    def __init__(self, url: str, patience: float = PATIENCE_SECONDS) -> None:
        self._where, self._from = place(url), (somewhere(), 0)
        self._patience = patience
        # Of the last answer.
        self.head = b""
        self._socket: socket.socket | None = self._connect()

    def ask(self, words: bytes) -> Timed:
        """Send a request, and take the whole answer.

        Where the server hung up after the last one, connecting again is a part of the time.
        """
        began = time.perf_counter()
        self._socket = there = self._socket or self._connect()
        there.sendall(words)
        self.head = _take(there)
        taken = time.perf_counter() - began
        if CLOSING.search(self.head):
            self.hang_up()
        return Timed(int(self.head[9:12]), taken)

    def hang_up(self) -> None:
        """End the connection; the next request has one of its own."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(self._where, self._patience, source_address=self._from)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


def _take(there: socket.socket) -> bytes:
    """Read a whole answer, and return its head."""
    got = b""
    while END_OF_HEAD not in got:
        got += _more(there)
    head, _, body = got.partition(END_OF_HEAD)
    length = LENGTH.search(head)
    while length and len(body) < int(length[1]):
        body += _more(there)
    while CHUNKED.search(head) and not body.endswith(END_OF_CHUNKS):
        body += _more(there)
    return head


def _more(there: socket.socket) -> bytes:
    piece = there.recv(65536)
    if not piece:
        raise ConnectionError("hung up")
    return piece


class Lines:
    """As many connections as are needed, each from an address of its own; none blocks."""

    def __init__(self, url: str) -> None:
        self._where = place(url)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, words: bytes) -> Timed:
        """Send a request by a connection that nobody uses, and take the whole answer."""
        reader, writer = self._free.pop() if self._free else await self._connect()
        began = time.perf_counter()
        writer.write(words)
        head = await reader.readuntil(END_OF_HEAD)
        length = LENGTH.search(head)
        if length:
            await reader.readexactly(int(length[1]))
        elif CHUNKED.search(head):
            await reader.readuntil(END_OF_CHUNKS)
        taken = time.perf_counter() - began
        if CLOSING.search(head):
            writer.close()
        else:
            self._free.append((reader, writer))
        return Timed(int(head[9:12]), taken)

    def close(self) -> None:
        """Hang up all of them."""
        for _, writer in self._free:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self._where, local_addr=(next(ADDRESSES), 0))
