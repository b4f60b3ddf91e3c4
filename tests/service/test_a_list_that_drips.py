"""A list of stolen passwords that sends a byte now and then holds no thread for longer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from threading import Event, Thread

import pytest

from tests.conftest import Build
from tests.service.test_stolen_passwords import failures
from tests.stage.breaches import Endpoint, says
from tests.stage.profiles import STRICT
from tests.stage.visits import eventually, register
from vestibule.auth import breaches

SECONDS = 0.4
ANSWER = b"HTTP/1.1 200 OK\r\n"
BEGINNINGS = {
    "status line": b"",
    "headers": ANSWER + b"X-Slow: ",
    "body": ANSWER + b"Content-Length: 99999\r\n\r\n",
    "body without an end": ANSWER + b"\r\n",
    "length of a chunk": ANSWER + b"Transfer-Encoding: chunked\r\n\r\n1;",
}


@contextmanager
def dripping(beginning: bytes) -> Iterator[int]:
    """A port where somebody says this, and then a byte now and then until the other goes."""
    over = Event()

    def drip(talk: socket.socket) -> None:
        with closing(talk), suppress(OSError):
            talk.recv(9999)
            talk.sendall(beginning)
            while not over.wait(0.02):
                talk.sendall(b"0")

    def listen() -> None:
        with suppress(OSError):
            while True:
                Thread(target=drip, args=(door.accept()[0],), daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        Thread(target=listen, daemon=True).start()
        yield door.getsockname()[1]
        # The one who waits for a visitor would be left there by a close.
        over.set()
        door.shutdown(socket.SHUT_RDWR)


def waits() -> bool:
    """Whether a thread of the service asks the list."""
    return any(thread.name == "breaches" for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for less than a second; and for nobody that another test asked."""
    eventually(lambda: not waits())
    monkeypatch.setattr(breaches, "SECONDS", SECONDS)


def takes_a_password_and_goes(build: Build, url: str) -> None:
    app = build(STRICT, breached_passwords=url)
    register(app.test_client())
    assert failures(app) == ["late"]
    eventually(lambda: not waits(), SECONDS + 1)


@pytest.mark.parametrize("part", BEGINNINGS)
def test_whatever_it_drips_it_is_left(build: Build, part: str) -> None:
    with dripping(BEGINNINGS[part]) as port:
        takes_a_password_and_goes(build, f"http://127.0.0.1:{port}/range/")


def test_so_is_one_that_never_ends_to_shake_hands(build: Build) -> None:
    with dripping(b"\x16\x03\x03\x40\x00") as port:
        takes_a_password_and_goes(build, f"https://127.0.0.1:{port}/range/")


def through(monkeypatch: pytest.MonkeyPatch, proxy: str) -> str:
    """The URL of a list that is reached through a proxy."""
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    return "https://stolen.example/range/"


def test_so_is_a_proxy(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    with dripping(ANSWER + b"X-Slow: ") as port:
        takes_a_password_and_goes(build, through(monkeypatch, f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_is_asked_for_the_host_alone(
    build: Build, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with Endpoint(says("no", 403)).serving() as proxy:
        place = proxy.url.removeprefix("http://").removesuffix("/range/")
        url = through(monkeypatch, f"{scheme}me:p%40ss@{place}")
        app = build(STRICT, breached_passwords=url)
        register(app.test_client())
    ((asked, headers),) = proxy.asked
    assert (asked, headers["Proxy-Authorization"]) == ("stolen.example:443", "Basic bWU6cEBzcw==")
    assert failures(app) == ["unreachable"]
