"""HTTP/1.1 at its barest: a client that costs next to nothing beside the server it measures."""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import time
from contextlib import AbstractContextManager
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.attacks.people import somewhere

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ADDRESSES = itertools.cycle([somewhere() for _ in range(2000)])


class Timed(NamedTuple):
    """An answer's status, and how long it took from the first byte sent."""

    status: int
    seconds: float


def request(method: str, path: str, *headers: str, **fields: str) -> bytes:
    """The bytes of a request, with a form if there are fields."""
    body = urlencode(fields).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if fields:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def place(url: str) -> tuple[str, int]:
    """Host and port of a server."""
    there = urlsplit(url)
    return str(there.hostname), int(there.port or 80)


class Line(AbstractContextManager["Line"]):
    """A connection that is kept, and blocks."""

    def __init__(self, url: str) -> None:
        self.socket = socket.create_connection(place(url), 30, source_address=(somewhere(), 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, words: bytes) -> Timed:
        """Send a request, and take the whole answer."""
        began = time.perf_counter()
        self.socket.sendall(words)
        status = self._answer()
        return Timed(status, time.perf_counter() - began)

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _answer(self) -> int:
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, body = got.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        while length and len(body) < int(length[1]):
            body += self._more()
        return int(head[9:12])

    def _more(self) -> bytes:
        piece = self.socket.recv(65536)
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
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        if length:
            await reader.readexactly(int(length[1]))
        taken = time.perf_counter() - began
        self._free.append((reader, writer))
        return Timed(int(head[9:12]), taken)

    def close(self) -> None:
        """Hang up all of them."""
        for _, writer in self._free:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self._where, local_addr=(next(ADDRESSES), 0))
