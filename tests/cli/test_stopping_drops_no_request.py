"""SIGTERM and SIGINT let the requests that were begun end, and the service with status 0."""

from __future__ import annotations

import http.client
import shutil
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from urllib.parse import urlencode

import pytest
from pysqlite3 import dbapi2 as sqlite

from tests.cli.accounts import ACCOUNT, database, register
from tests.running import Running, running
from tests.stage.databases import only_sqlite
from vestibule import config
from vestibule.serve import fold

LOGINS = 8
# bcrypt at cost 12, of the classic profile, takes a quarter of a second: honestly slow requests.
SLOW = ("--profile", "classic", "--workers", "1")
GREETING = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def address(server: Running) -> tuple[str, int]:
    """Host and port."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    return host, int(port)


def begin_login(server: Running) -> http.client.HTTPConnection:
    """A connection on which a login was asked for, and not answered yet."""
    connection = http.client.HTTPConnection(*address(server), timeout=30)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/sessions", urlencode(ACCOUNT), kind)
    return connection


def end_login(connection: http.client.HTTPConnection) -> str:
    """The whole answer; the client library fails on half of one."""
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    assert answer.headers["Set-Cookie"]
    return f"{answer.status} {body.strip()}"


@only_sqlite("the classic profile is slow enough")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_logins_that_were_begun_are_answered(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, *SLOW) as server:
        register(server.url)
        begun = [begin_login(server) for _ in range(LOGINS)]
        # One is answered, so the server has seen them; the others take turns behind it.
        answers = [end_login(begun[0])]
        server.process.send_signal(number)
        answers += [end_login(connection) for connection in begun[1:]]
        assert server.process.wait(30) == 0
    assert Counter(answers) == {'200 {"email":"alice@example.com","message":"logged in"}': LOGINS}


@only_sqlite("the classic profile is slow enough")
def test_whoever_comes_while_it_stops_is_answered_in_full_or_not_let_in(tmp_path: Path) -> None:
    ended = Event()
    with running(tmp_path, *SLOW) as server, ThreadPoolExecutor(2) as pool:
        register(server.url)
        begun = [begin_login(server) for _ in range(LOGINS)]
        end_login(begun[0])
        seen = [pool.submit(knock, address(server), ended) for _ in range(2)]
        server.process.send_signal(signal.SIGTERM)
        for connection in begun[1:]:
            end_login(connection)
        server.process.wait(30)
        ended.set()
        outcomes = sum((future.result() for future in seen), Counter[str]())
    assert outcomes.keys() <= {"whole answer", "not let in"}
    assert outcomes["not let in"]


def knock(where: tuple[str, int], ended: Event) -> Counter[str]:
    """Open one connection after another until ``ended``, and count how they fare."""
    outcomes = Counter[str]()
    while not ended.is_set():
        outcomes[knock_once(where)] += 1
    return outcomes


def knock_once(where: tuple[str, int]) -> str:
    """How one new connection fares."""
    heard = b""
    try:
        with socket.create_connection(where, timeout=10) as connection:
            connection.sendall(GREETING)
            while piece := connection.recv(65536):
                heard += piece
    except ConnectionError:
        pass
    if not heard:
        return "not let in"
    return "whole answer" if heard.endswith(b'{"message":"Bienvenue"}\n') else f"part: {heard!r}"


def test_an_idle_connection_does_not_hold_it_up(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "1") as server:
        with socket.create_connection(address(server), timeout=10) as idle:
            idle.sendall(GREETING.replace(b"Connection: close\r\n", b""))
            assert idle.recv(65536).startswith(b"HTTP/1.1 200")
            began = time.monotonic()
            assert server.stop() == 0
        assert time.monotonic() - began < 9


def test_a_client_that_never_finishes_its_request_does_not_hold_it_up_for_long(
    tmp_path: Path,
) -> None:
    with (
        running(tmp_path, "--workers", "1") as server,
        socket.create_connection(address(server), timeout=10) as half,
    ):
        half.sendall(b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        assert server.stop() == 0


@only_sqlite("a server keeps its files to itself")
def test_after_a_stop_the_database_is_one_file(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as server:
        register(server.url)
        assert server.stop() == 0
    held = {path.name for path in (tmp_path / "vestibule-data").iterdir()}
    assert held == {"vestibule.db", "vestibule.db.lock", "secret.keys"}


@only_sqlite("a server keeps its files to itself")
def test_what_the_workers_left_is_folded_into_it(tmp_path: Path) -> None:
    path = database(tmp_path)
    left = tmp_path / "left"
    left.mkdir()
    with closing(sqlite.connect(path)) as connection, connection:
        connection.execute("INSERT INTO rate_limits (key, hits, expires_at) VALUES ('x', 1, 1)")
        connection.commit()
        # As after two workers each of which took the other for the last.
        for file in path.parent.glob("vestibule.db*"):
            shutil.copy(file, left)
    assert (left / "vestibule.db-wal").stat().st_size > 0
    fold(config.load(data=left))
    assert {file.name for file in left.iterdir()} == {"vestibule.db", "vestibule.db.lock"}
    with closing(sqlite.connect(left / "vestibule.db")) as connection:
        assert connection.execute("SELECT key FROM rate_limits").fetchall() == [("x",)]
