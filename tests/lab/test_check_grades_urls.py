"""A URL is graded by its routes, twice in a row, and whatever answers there."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from vestibule.lab.contract import grade
from vestibule.lab.probe.reference import Broken, Kept, served
from vestibule.lab.report import Report, Unusable, Verdict

if TYPE_CHECKING:
    from vestibule.lab.probe.reference import Answer

ROUTES = [6, 7, 11, 14, 15, 17, 19]
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000


def routes(port: int, *, seconds: float = 5.0) -> Report:
    """Return the verdict on the routes of a server on this machine."""
    return grade(f"http://localhost:{port}", seconds=seconds, beyond=[])


@contextlib.contextmanager
def sockets(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """Let every connection to a free port have this behaviour, and yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                connection.recv(65536)
                behave(connection)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=run, args=server.accept()[:1], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def test_a_right_server_passes_every_task_that_applies_twice_in_a_row() -> None:
    with served(Kept()) as port:
        for report in (routes(port), routes(port)):
            assert report.passed
            passed = [r.key for r in report.tasks if r.verdict is Verdict.PASSED]
            assert passed == ROUTES
            others = {r.verdict for r in report.tasks if r.key not in ROUTES}
            assert others == {Verdict.NOT_APPLICABLE}


def test_the_checks_beyond_that_need_a_folder_do_not_apply_to_a_url() -> None:
    with served(Kept()) as port:
        report = grade(f"http://127.0.0.1:{port}/")
    applied = [r.key for r in report.beyond if r.verdict is not Verdict.NOT_APPLICABLE]
    assert applied[0] == "empty-secrets"
    assert "dropped-database" not in applied
    assert "shebang" not in applied


def altered(alter: Callable[[str, str, Answer], Answer]) -> Callable[..., Answer]:
    """Return a server that keeps the contract, but for what ``alter`` does to its answers."""
    kept = Kept()

    def answer(method: str, path: str, form: dict[str, str], session_id: str) -> Answer:
        return alter(method, path, kept(method, path, form, session_id))

    return answer


def profile_401(_method: str, path: str, answer: Answer) -> Answer:
    """Answer 401 where 403 is due, on one route."""
    return (401, {}, {}) if path == "/profile" and answer[0] == 403 else answer


def no_cookie(_method: str, _path: str, answer: Answer) -> Answer:
    """Forget the cookie."""
    return answer[0], answer[1], {k: v for k, v in answer[2].items() if k != "Set-Cookie"}


def test_a_mistake_in_one_route_fails_one_task() -> None:
    with served(altered(profile_401)) as port:
        assert routes(port).failed_tasks == [15]


def test_what_cannot_be_reached_without_a_cookie_names_the_task_at_fault() -> None:
    with served(altered(no_cookie)) as port:
        report = routes(port)
    assert report.failed_tasks == [11, 14, 15]
    assert report.tasks[11].seen == "no such cookie"
    assert "could not be checked: login (task 11) failed" in (report.tasks[14].seen or "")


class Holey(Kept):
    """A server that has empty secrets where there are none, and finds accounts by them."""

    def __init__(self, register: Callable[[Kept, str], None]) -> None:
        super().__init__()
        self.spoil = register

    def register(self, form: dict[str, str]) -> Answer:
        """Answer ``POST /users``."""
        self.spoil(self, form["email"])
        return super().register(form)


@pytest.mark.parametrize(
    ("spoil", "asked"),
    [
        (lambda kept, email: kept.sessions.update({email: ""}), "GET /profile (an empty cookie)"),
        (lambda kept, email: kept.tokens.update({email: ""}), "PUT /reset_password (no reset_t"),
    ],
    ids=["session", "token"],
)
def test_empty_secrets_are_tried_on_who_never_had_any(
    spoil: Callable[[Kept, str], None], asked: str
) -> None:
    with served(Holey(spoil)) as port:
        (result,) = grade(f"http://localhost:{port}", beyond=["empty-secrets"]).beyond
    assert result.failed
    assert asked in (result.expected or "")


def leading_to(places: list[str]) -> Callable[[str, str, Answer], Answer]:
    """Return what lets redirects lead to the first of these places."""

    def alter(_method: str, _path: str, answer: Answer) -> Answer:
        return (302, {}, {"Location": places[0]}) if answer[0] == 302 else answer

    return alter


def test_an_absolute_redirect_is_right_if_it_leads_to_the_target_itself() -> None:
    places = ["http://elsewhere.example/"]
    with served(altered(leading_to(places))) as port:
        assert routes(port).failed_tasks == [14]
        places[0] = f"http://localhost:{port}/"
        assert routes(port).passed


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_a_server_that_answers_the_same_to_everything_fails_every_route(status: int) -> None:
    with served(Broken(status, {"message": "Bienvenue"})) as port:
        failed = routes(port).failed_tasks
    assert failed == ([7, 11, 14, 15, 17, 19] if status == 200 else ROUTES)


def say(data: bytes) -> Callable[[socket.socket], None]:
    """Return a behaviour that sends this and closes."""
    return lambda connection: connection.sendall(data)


def drip(connection: socket.socket) -> None:
    """Send an endless body, slowly."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.01)


def flood(connection: socket.socket) -> None:
    """Send an endless body, fast."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def wait(connection: socket.socket) -> None:
    """Say nothing until the other side is tired."""
    while connection.recv(65536):
        pass


@pytest.mark.parametrize(
    ("behave", "seen"),
    [
        (say(b"SSH-2.0-OpenSSH_9.2\r\n" * 9), "what is not HTTP"),
        (say(b"\x00\xff" * 40000), "what is not HTTP"),
        (say(b""), "RemoteDisconnected"),
        (
            say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"),
            "a body of 5 bytes instead of 99",
        ),
        (say(b"HTTP/1.1 200 OK\r\n\r\n<html>\x1b[31m</html>"), "200 <html> [31m</html>"),
        (say(b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100000), "200 [[["),
        (say(b"HTTP/1.1 302 Found\r\nLocation: http://other.example/\r\n\r\n"), "302"),
        (say(LARGE), "a body of more than 1048576 bytes"),
        (flood, "a body of more than 1048576 bytes"),
        (drip, "none that ended in time"),
        (wait, "none that ended in time"),
    ],
    ids=[
        "ssh",
        "binary",
        "closes",
        "too short",
        "html",
        "deep json",
        "redirects",
        "large",
        "floods",
        "drips",
        "waits",
    ],
)
def test_rubbish_is_graded(behave: Callable[[socket.socket], None], seen: str) -> None:
    with sockets(behave) as port:
        before = time.monotonic()
        report = routes(port, seconds=0.5)
        assert time.monotonic() - before < 5
    assert report.failed_tasks == ROUTES
    assert seen in (report.tasks[6].seen or "")


@pytest.mark.parametrize("value", [None, 7, "text", [], {"email": 7, "reset_token": [1]}])
def test_json_of_a_wrong_type_is_graded(value: object) -> None:
    body = json.dumps(value).encode()
    with sockets(say(b"HTTP/1.1 200 OK\r\nSet-Cookie: ;;=\r\n\r\n" + body)) as port:
        assert routes(port, seconds=1.0).failed_tasks == ROUTES


def test_a_silent_server_is_given_up_after_two_checks() -> None:
    with sockets(wait) as port:
        report = routes(port, seconds=0.5)
    assert "not asked" in (report.tasks[19].seen or "")
    assert report.seconds < 3


def test_nobody_but_the_target_is_asked() -> None:
    asked: list[bytes] = []
    with sockets(lambda _: asked.append(b"asked")) as other:
        redirect = f"HTTP/1.1 302 Found\r\nLocation: http://localhost:{other}/\r\n\r\n".encode()
        with sockets(say(redirect)) as port:
            routes(port, seconds=1.0)
    assert asked == []


@pytest.mark.parametrize("url", ["http://", "http://localhost:99999", "http://[::1", "https://:5"])
def test_a_broken_url_is_refused(url: str) -> None:
    with pytest.raises(Unusable):
        grade(url)


def test_a_port_where_nothing_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unusable, match=r"nothing can be reached at .*: Connection refused"):
        grade(f"http://127.0.0.1:{port}")
