"""Three nodes behind a proxy on one PostgreSQL: one is killed, one is stopped, under load."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import NamedTuple

import pytest
import requests

from tests.stage.fleet import NAME, Fleet, Node, Proxy
from tests.stage.postgresql import cluster
from tests.stage.secrecy import remember
from tests.stage.visits import PASSWORD, eventually

COOKIE = "__Host-session_id"
CHECKERS, VISITORS = 3, 4
# Requests that each client gets answered before something happens, and after it.
SOME = 30


class Asked(NamedTuple):
    """One request through the proxy."""

    what: str
    began: float
    ended: float
    # 0 where there was no answer at all.
    status: int
    right: bool


class Client(Thread):
    """Asks one thing after the other through the proxy, and writes down how it went."""

    def __init__(self, proxy: Proxy, number: int) -> None:
        super().__init__(daemon=True)
        self.email = f"{number}@example.com"
        self.asked: list[Asked] = []
        self.enough = Event()
        self._proxy, self._session = proxy, ""
        assert self.ask("POST", "/users", 200).right

    def run(self) -> None:
        """Go on until it is enough."""
        while not self.enough.wait(0.005):
            self.turn()

    def turn(self) -> None:
        """Log in, look, log out, and be somebody whom nobody knows."""
        if self.log_in():
            self.ask("GET", "/profile", 200)
            if self.ask("DELETE", "/sessions", 302).right:
                # Whichever node is asked next, the session is over.
                self.ask("GET", "/profile", 403)

    def log_in(self) -> bool:
        """Have a session, if it can be."""
        return self.ask("POST", "/sessions", 200).right

    def ask(self, method: str, path: str, expected: int) -> Asked:
        """Ask, and compare the answer's status with the one ``expected``."""
        form = {"email": self.email, "password": PASSWORD} if method == "POST" else None
        cookie = {"Cookie": f"{COOKIE}={self._session}"} if method != "POST" else {}
        began, status = time.monotonic(), 0
        # A connection for each. On one that is kept, what a node did not answer is closed without
        # a word and without a line in the log, so that the client tries again.
        with suppress(requests.RequestException):
            answer = requests.request(
                method,
                f"{self._proxy.url}{path}",
                data=form,
                headers=NAME | cookie,
                verify=self._proxy.trusted,
                timeout=30,
                allow_redirects=False,
            )
            status = answer.status_code
            if COOKIE in answer.cookies:
                self._session = remember(answer.cookies[COOKIE])
        done = Asked(f"{method} {path}", began, time.monotonic(), status, status == expected)
        self.asked.append(done)
        return done


class Checker(Client):
    """Logs in once, and asks whose session it is ever after."""

    def turn(self) -> None:
        """Ask."""
        self.ask("GET", "/sessions/verify", 204)

    def run(self) -> None:
        """Log in before."""
        assert self.log_in()
        super().run()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Three nodes, started at once on an empty database."""
    url = cluster().empty()
    made = Fleet(tmp_path_factory.mktemp("fleet"), url, VESTIBULE_WORKERS="2")
    try:
        made.start()
        yield made
    finally:
        made.stop()
        cluster().drop(url)


@pytest.fixture(scope="module")
def haproxy(fleet: Fleet) -> Proxy:
    """They stand behind haproxy."""
    fleet.haproxy.start()
    return fleet.haproxy


@pytest.fixture(scope="module")
def nginx(fleet: Fleet) -> Proxy:
    """They stand behind nginx."""
    fleet.nginx.start()
    return fleet.nginx


@contextmanager
def load(proxy: Proxy, first: int) -> Iterator[list[Client]]:
    """People who log in and out, and applications that check sessions.

    :param first: the number of the first of them; others must not have it.
    """
    clients = [
        *(Checker(proxy, first + number) for number in range(CHECKERS)),
        *(Client(proxy, first + CHECKERS + number) for number in range(VISITORS)),
    ]
    for client in clients:
        client.start()
    try:
        some_more(clients)
        yield clients
    finally:
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join(60)


def some_more(clients: list[Client]) -> None:
    """Wait until each client was answered some more times."""
    before = [len(client.asked) for client in clients]
    eventually(
        lambda: all(
            len(client.asked) >= count + SOME for client, count in zip(clients, before, strict=True)
        ),
        60,
    )


def wrong(clients: list[Client]) -> list[Asked]:
    """What was not answered as it should be."""
    return [one for client in clients for one in list(client.asked) if not one.right]


def answered_by(fleet: Fleet, node: str, since: int) -> int:
    """How many requests the node has answered."""
    return sum(one.node == node and one.end[0] == "-" for one in fleet.passed(since))


def test_of_three_that_start_at_once_one_makes_the_schema(fleet: Fleet) -> None:
    said = [node.running.output for node in fleet.nodes.values() if node.running]
    assert sum("upgraded from nothing" in output for output in said) == 1


def test_what_one_node_did_every_other_knows_at_once(fleet: Fleet, haproxy: Proxy) -> None:
    client = Client(haproxy, 1)
    for opens in fleet.nodes.values():
        for ends in fleet.nodes.values():
            form = {"email": client.email, "password": PASSWORD}
            answer = requests.post(f"{opens.url}/sessions", data=form, headers=NAME, timeout=30)
            session = remember(answer.cookies[COOKIE])
            assert checked(fleet, session) == [204] * 3
            assert ends.ask("DELETE", "/sessions", session).status_code == 302
            assert checked(fleet, session) == [401] * 3


def checked(fleet: Fleet, session: str) -> list[int]:
    """What each node says of a session."""
    return [
        node.ask("GET", "/sessions/verify", session).status_code for node in fleet.nodes.values()
    ]


@pytest.mark.parametrize("name", ["haproxy", "nginx"])
def test_a_client_is_who_asked_the_proxy_and_not_whom_it_names(
    request: pytest.FixtureRequest, name: str
) -> None:
    proxy: Proxy = request.getfixturevalue(name)
    forged = NAME | {"X-Forwarded-For": "198.51.100.7"}
    client = Client(proxy, 2 if name == "nginx" else 3)
    form = {"email": client.email, "password": PASSWORD}
    with requests.Session() as http:
        http.trust_env, http.verify = False, proxy.trusted
        entered = http.post(f"{proxy.url}/sessions", data=form, headers=forged, timeout=30)
        remember(entered.cookies[COOKIE])
        listed = http.get(f"{proxy.url}/sessions", headers=forged, timeout=30)
    (session,) = listed.json()["sessions"]
    assert session["address"] == "127.0.0.1"


def kill(node: Node) -> tuple[float, float]:
    """Kill a node with all its processes: the moments before, and after its last sign of life."""
    assert node.running
    before = time.monotonic()
    os.killpg(node.running.process.pid, signal.SIGKILL)
    eventually(lambda: not node.takes_connections())
    after = time.monotonic()
    node.stop(signal.SIGKILL)
    return before, after


def test_a_node_that_is_killed_takes_only_what_was_in_flight_on_it(
    fleet: Fleet, haproxy: Proxy
) -> None:
    with load(haproxy, 100) as clients:
        node, seen = fleet.nodes["b"], len(fleet.passed())
        killed, dead = kill(node)
        some_more(clients)
        lost = wrong(clients)
        assert [one for one in lost if one.began > dead or one.ended < killed] == []
        assert [one for one in lost if one.what.startswith("GET")] == [], "asked again elsewhere"
        assert len(lost) <= VISITORS, "who changes something has one under way at most"
        faults = [one for one in fleet.passed(seen) if one.status < 0 or one.status >= 500]
        assert [one for one in faults if one.node != "b" or one.end[0] != "S"] == []
        assert len(faults) == len(lost)

        node.begin()
        node.await_ready()
        back = len(fleet.passed())
        eventually(lambda: answered_by(fleet, "b", back) > SOME, 60)
        assert wrong(clients) == lost


def test_a_node_that_is_stopped_loses_no_request(fleet: Fleet, haproxy: Proxy) -> None:
    with load(haproxy, 200) as clients:
        node, seen = fleet.nodes["c"], len(fleet.passed())
        assert answered_by(fleet, "c", 0) > 0
        assert node.stop(signal.SIGTERM) == 0
        gone = len(fleet.passed())
        some_more(clients)
        assert answered_by(fleet, "c", gone) == 0
        # Told before, the proxy has not even tried to connect to a node that had gone.
        assert {(one.end, one.retries) for one in fleet.passed(seen)} == {("----", 0)}
        node.begin()
        node.await_ready()
        back = len(fleet.passed())
        eventually(lambda: answered_by(fleet, "c", back) > SOME, 60)
        assert wrong(clients) == []


def test_behind_nginx_too_a_killed_node_takes_only_what_was_in_flight(
    fleet: Fleet, nginx: Proxy
) -> None:
    with load(nginx, 300) as clients:
        killed, dead = kill(fleet.nodes["a"])
        some_more(clients)
        lost = wrong(clients)
        assert [one for one in lost if one.began > dead or one.ended < killed] == []
        assert [one for one in lost if one.what.startswith("GET")] == []
        assert len(lost) <= VISITORS
