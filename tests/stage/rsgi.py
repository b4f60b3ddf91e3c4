"""Stand-ins for what granian hands over: a request, and the way to answer it."""

from __future__ import annotations

import asyncio

from vestibule.lanes import Answer


class Headers(dict[str, str]):
    """Headers; a value with a newline is a header that is there twice."""

    def items(self) -> list[tuple[str, str]]:  # type: ignore[override]
        """Each name and value, as often as it is there."""
        pairs = super().items()
        return [(name, value) for name, values in pairs for value in values.split("\n")]


class Scope:
    """What granian tells of a request."""

    proto, query_string = "http", ""
    http_version, scheme = "1.1", "http"
    server, client = "127.0.0.1:5000", "127.0.0.1:40000"

    def __init__(self, method: str, path: str, **headers: str) -> None:
        self.method, self.path = method, path
        self.headers = Headers({name.replace("_", "-"): value for name, value in headers.items()})


class Protocol:
    """A body that arrives when it is told to, and the answer."""

    def __init__(self) -> None:
        self.arrives = asyncio.Event()
        self.answer: Answer | None = None

    async def __call__(self) -> bytes:
        """The body, once it is there."""
        await self.arrives.wait()
        return b"hello"

    def response_bytes(self, *answer: object) -> None:
        """Take the answer."""
        self.answer = Answer(*answer)  # type: ignore[arg-type]
