"""A full disk: 503 at most, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import Serve
from tests.stage.databases import only_sqlite
from tests.stage.profiles import UNLIMITED
from tests.stage.raw import rows
from tests.stage.server import Server
from tests.stage.visits import PASSWORD

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
