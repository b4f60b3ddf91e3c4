"""A body is acted upon whole or not at all, and one that comes slowly holds up nobody."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest

from tests.conftest import Serve
from tests.stage.rsgi import Protocol, Scope
from tests.stage.server import Server
from tests.stage.visits import ALICE, PASSWORD
from vestibule import lanes
from vestibule.lanes import Answer, Lanes
from vestibule.web.door import REFUSED

BODY = f"email={ALICE}&password={PASSWORD.replace(' ', '+')}".encode()
FORM = b"Content-Type: application/x-www-form-urlencoded"


def connect(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    assert address.hostname
    assert address.port
    return socket.create_connection((address.hostname, address.port), timeout=10)


def send(server: Server, head: bytes, body: bytes, *, whole: bool = False) -> bytes:
    """Send a request, and nothing more, whatever its head promised; the answer."""
    with connect(server) as client:
        client.sendall(b"POST /users HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n" + body)
        if not whole:
            client.shutdown(socket.SHUT_WR)
        return client.recv(4096)


def test_a_body_that_broke_off_makes_no_account(server: Serve) -> None:
    running = server()
    head = FORM + b"\r\nContent-Length: %d" % len(BODY)
    assert b" 400 " in send(running, head, BODY[:-4])
    half = {"email": ALICE, "password": PASSWORD[:-4]}
    assert running.visitor().post("/sessions", data=half).status_code == 401
    assert b" 200 " in send(running, head, BODY, whole=True)


@pytest.mark.parametrize("end", [b"", b"0\r\n", b"ZZ\r\n", b"0\r\n\r\n"])
def test_a_chunked_body_is_refused_whether_or_not_it_ends(server: Serve, end: bytes) -> None:
    running = server()
    chunk = b"%x\r\n%s\r\n" % (len(BODY), BODY)
    head = FORM + b"\r\nTransfer-Encoding: chunked"
    answer = send(running, head, chunk + end, whole=end == b"0\r\n\r\n")
    assert b" 411 " in answer
    assert b'"length_required"' in answer
    account = {"email": ALICE, "password": PASSWORD}
    assert running.visitor().post("/sessions", data=account).status_code == 401


def test_a_chunked_body_without_end_takes_no_memory(server: Serve) -> None:
    ask = server().visitor()

    def endless() -> Iterator[bytes]:
        for _ in range(2000):
            yield b"x" * 65536

    with suppress(OSError):  # Hanging up on somebody who will not stop talking is an answer.
        assert ask.post("/users", data=endless()).status_code == 411
    assert ask.get("/healthz").status_code == 200


def test_two_hundred_clients_that_never_finish_hold_up_nobody(server: Serve) -> None:
    running = server()
    with ExitStack() as slow:
        for _ in range(200):
            client = slow.enter_context(connect(running))
            client.sendall(
                b"POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nemail="
            )
        ask = running.visitor()
        account = {"email": ALICE, "password": PASSWORD}
        assert ask.post("/users", data=account).status_code == 200
        assert ask.post("/sessions", data=account).status_code == 200
        assert ask.get("/profile").json() == {"email": ALICE}


def refusals(environ: dict[str, object], start: object) -> list[bytes]:
    """An application that tells what the server refused."""
    start("200 OK", [])  # type: ignore[operator]
    return [json.dumps(environ.get(REFUSED)).encode()]


async def answer_of(queue: int, *, arrives: bool) -> Answer | None:
    protocol = Protocol()
    if arrives:
        protocol.arrives.set()
    await Lanes(refusals, queue=queue).__rsgi__(Scope("POST", "/", content_length="5"), protocol)
    return protocol.answer


def test_a_body_that_takes_too_long_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "BODY_SECONDS", 0.01)
    answer = asyncio.run(answer_of(1, arrives=False))
    assert answer
    assert answer.body == b"408"


@pytest.mark.parametrize(("queue", "refused"), [(0, b"503"), (1, b"null")])
def test_work_beyond_the_queue_is_503_at_once(queue: int, refused: bytes) -> None:
    answer = asyncio.run(answer_of(queue, arrives=True))
    assert answer
    assert answer.body == refused


def test_what_fails_unforeseen_is_an_answer_without_the_exceptions_text() -> None:
    def broken(environ: object, start: object) -> list[bytes]:
        raise RuntimeError("hunter2")

    protocol = Protocol()
    protocol.arrives.set()
    asyncio.run(Lanes(broken).__rsgi__(Scope("POST", "/", content_length="5"), protocol))
    assert protocol.answer
    assert protocol.answer.status == 500
    assert b"internal_error" in protocol.answer.body
    assert b"hunter2" not in protocol.answer.body


def test_a_query_of_raw_bytes_is_no_failure(server: Serve) -> None:
    with connect(server()) as client:
        query = "/reset_password?token=\N{GRINNING FACE}".encode()
        client.sendall(b"GET " + query + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 403 " in client.recv(4096)
