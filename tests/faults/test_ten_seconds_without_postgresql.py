"""Ten seconds without the database server, under load: 503, back within a second, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
import requests

from tests.stage.databases import only_postgresql
from tests.stage.postgresql import Cluster, own_cluster
from tests.stage.profiles import UNLIMITED
from tests.stage.raw import rows
from tests.stage.server import Server, Visitor
from tests.stage.visits import ALICE, PASSWORD, eventually

AWAY_SECONDS, HEAL_SECONDS = 10.0, 1.0
FORM = {"email": ALICE, "password": PASSWORD}


class Client(Thread):
    """Asks again and again, and notes when it got which answer."""

    def __init__(self, visitor: Visitor, number: int) -> None:
        super().__init__(daemon=True)
        self.visitor, self.number = visitor, number
        self.answers: list[tuple[float, int]] = []
        self.acknowledged: list[str] = []
        self.slowest = 0.0
        self.enough = Event()

    def run(self) -> None:
        """Go on until it is enough, a little slower than the service."""
        for turn in range(1_000_000):
            if self.enough.wait(0.01):
                return
            began = time.monotonic()
            status = self.ask(turn).status_code
            ended = time.monotonic()
            self.answers.append((ended, status))
            self.slowest = max(self.slowest, ended - began)

    def ask(self, turn: int) -> requests.Response:  # noqa: ARG002 - others need it.
        """Look at one's profile."""
        return self.visitor.get("/profile")

    def statuses(self, since: float, until: float = float("inf")) -> set[int]:
        """The statuses of the answers that came in this time."""
        return {status for at, status in self.answers if since < at <= until}


class Registrar(Client):
    """Makes one account after the other."""

    def ask(self, turn: int) -> requests.Response:
        """Register somebody new."""
        email = f"{self.number}-{turn}@example.com"
        answer = self.visitor.post("/users", data={"email": email, "password": PASSWORD})
        if answer.status_code == 200:
            self.acknowledged.append(email)
        return answer


@pytest.fixture
def cluster(database: str) -> Iterator[Cluster]:
    """A server of this test alone."""
    with own_cluster() as cluster:
        yield cluster


@only_postgresql
def test_ten_seconds_without_it_lose_nothing(cluster: Cluster, tmp_path: Path) -> None:
    settings = UNLIMITED | {"database_url": cluster.empty(), "log_level": "error"}
    running = Server(tmp_path, workers=2, **settings).start()
    try:
        readers = [Client(_logged_in(running), number) for number in range(3)]
        clients = [*readers, *(Registrar(running.visitor(), number) for number in range(3))]
        for client in clients:
            client.start()
        _go_without(cluster, clients)
        acknowledged = [email for client in clients for email in client.acknowledged]
        stored = {email for (email,) in rows(running, "SELECT email FROM users")}
        assert len(acknowledged) > 20
        assert set(acknowledged) <= stored
        assert running.visitor().get("/readyz").status_code == 200
    finally:
        running.stop()


def _logged_in(running: Server) -> Visitor:
    visitor = running.visitor()
    visitor.post("/users", data=FORM)
    assert visitor.post("/sessions", data=FORM).status_code == 200
    return visitor


def _go_without(cluster: Cluster, clients: list[Client]) -> None:
    eventually(lambda: all(len(client.answers) >= 10 for client in clients))
    cluster.stop()
    gone = time.monotonic()
    time.sleep(AWAY_SECONDS)
    before = time.monotonic()
    cluster.start()
    back = time.monotonic()
    eventually(lambda: all(client.statuses(back + HEAL_SECONDS) for client in clients))
    time.sleep(1)
    for client in clients:
        client.enough.set()
    for client in clients:
        client.join(30)
        # What was under way when it went may have been stored in time.
        assert client.statuses(0, gone) <= {200, 503}
        assert client.statuses(gone + 0.5, before) == {503}, "and nobody waits for nothing"
        assert client.statuses(back + HEAL_SECONDS) == {200}, "healed"
        assert client.slowest < 5, "no answer is long in coming"
