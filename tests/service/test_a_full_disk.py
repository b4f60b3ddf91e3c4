"""A full disk and a killed process: 503 at most, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
import requests

from tests.conftest import Serve
from tests.stage.databases import on_both_databases, only_sqlite
from tests.stage.profiles import UNLIMITED
from tests.stage.raw import is_on_postgresql, rows
from tests.stage.server import Server
from tests.stage.visits import PASSWORD, eventually

Limit = Callable[[int | None], None]


def form(number: int) -> dict[str, str]:
    return {"email": f"{number}@example.com", "password": PASSWORD}


def fill(running: Server) -> tuple[int, requests.Response]:
    """Register until it is refused: how many were acknowledged, and the refusal."""
    with running.visitor() as ask:
        for number in range(500):
            response = ask.post("/users", data=form(number))
            if response.status_code != 200:
                return number, response
    raise AssertionError("the disk was never full")


def all_are_there(running: Server, many: int) -> None:
    stored = rows(running, "SELECT email FROM users")
    assert {email for (email,) in stored} >= {form(n)["email"] for n in range(many)}
    with running.visitor() as ask:
        for number in (0, many // 2, many - 1):
            assert ask.post("/sessions", data=form(number)).status_code == 200


def is_told(refusal: requests.Response) -> None:
    assert refusal.status_code == 503, refusal.text
    assert refusal.headers["Content-Type"] == "application/problem+json"
    assert refusal.json()["code"] == "storage_unavailable"
    assert int(refusal.headers["Retry-After"]) >= 1


@only_sqlite("the disk is the database server's")
def test_files_that_may_not_grow(server: Serve) -> None:
    running = server(**UNLIMITED)
    (worker,) = running.workers()
    unlimited = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (300_000, unlimited[1]))
    many, refusal = fill(running)
    assert many > 3
    is_told(refusal)
    assert running.visitor().get("/healthz").status_code == 200
    assert running.visitor().get("/profile").status_code == 403, "reading goes on"
    is_told(running.visitor().post("/users", data=form(many)))
    resource.prlimit(worker, resource.RLIMIT_FSIZE, unlimited)
    assert running.visitor().post("/users", data=form(many)).status_code == 200
    all_are_there(running, many + 1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir(mode=0o700)
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small file system needs root, and mount")
    yield folder
    subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)


@only_sqlite("the disk is the database server's")
def test_a_disk_without_room(server: Serve, small_disk: Path) -> None:
    running = server(data=small_disk, **UNLIMITED)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 400_000)
    many, refusal = fill(running)
    assert many > 3
    is_told(refusal)
    assert running.visitor().get("/profile").status_code == 403, "reading goes on"
    filler.unlink()
    assert running.visitor().post("/users", data=form(many)).status_code == 200
    all_are_there(running, many + 1)


class Registrar(Thread):
    """Registers one account after the other, and notes which were acknowledged."""

    def __init__(self, running: Server, first: int) -> None:
        super().__init__()
        self.running, self.first = running, first
        self.acknowledged: list[str] = []
        self.statuses: set[int] = set()
        self.enough = Event()

    def run(self) -> None:
        """Go on, whatever happens to the server."""
        for number in range(self.first, self.first + 10_000):
            if self.enough.is_set():
                return
            try:
                with self.running.visitor() as ask:
                    response = ask.post("/users", data=form(number), timeout=20)
            except requests.RequestException:
                continue  # Not acknowledged: it may be stored or not.
            except AssertionError:  # It was stopped.
                time.sleep(0.02)
                continue
            self.statuses.add(response.status_code)
            if response.status_code == 200:
                self.acknowledged.append(response.json()["email"])


def under_load(running: Server, kill: Callable[[], None]) -> set[str]:
    """Kill something while four clients register; who was acknowledged."""
    registrars = [Registrar(running, 100_000 * n) for n in range(4)]
    for each in registrars:
        each.start()
    try:
        eventually(lambda: all(len(each.acknowledged) >= 5 for each in registrars))
        kill()
        eventually(lambda: all(len(each.acknowledged) >= 10 for each in registrars))
    finally:
        for each in registrars:
            each.enough.set()
        for each in registrars:
            each.join()
    assert set().union(*(each.statuses for each in registrars)) == {200}
    return {email for each in registrars for email in each.acknowledged}


def every_account_has_its_row(running: Server) -> None:
    """Whatever was stored is in the audit trail, and nothing else is."""
    made = "SELECT pseudonym FROM users ORDER BY 1"
    recorded = "SELECT \"user\" FROM audit_events WHERE act = 'register' ORDER BY 1"
    assert rows(running, made) == rows(running, recorded)
    numbers = rows(running, "SELECT min(id), max(id), count(*) FROM audit_events")
    assert numbers == [(1, numbers[0][1], numbers[0][1])]


@on_both_databases
def test_a_worker_killed_under_load_loses_nothing(server: Serve) -> None:
    running = server(workers=2, **UNLIMITED)
    victim = running.workers()[0]
    acknowledged = under_load(running, lambda: os.kill(victim, signal.SIGKILL))
    stored = {email for (email,) in rows(running, "SELECT email FROM users")}
    assert len(acknowledged) >= 40
    assert acknowledged <= stored
    every_account_has_its_row(running)
    eventually(lambda: len(running.workers()) == 2 and victim not in running.workers())
    if not is_on_postgresql(running):
        assert rows(running, "PRAGMA integrity_check") == [("ok",)]


@on_both_databases
def test_a_service_killed_under_load_loses_nothing(server: Serve) -> None:
    running = server(workers=2, **UNLIMITED)
    killed: list[int] = []

    def kill_and_start_again() -> None:
        killed.extend(running.workers())
        running.stop(signal.SIGKILL)
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in killed))
        running.start()

    acknowledged = under_load(running, kill_and_start_again)
    stored = {email for (email,) in rows(running, "SELECT email FROM users")}
    assert acknowledged <= stored
    every_account_has_its_row(running)
    last = {"email": max(acknowledged), "password": PASSWORD}
    assert running.visitor().post("/sessions", data=last).status_code == 200
