"""Worker processes come and go without the service going."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import requests

from tests.running import running
from tests.stage.databases import only_sqlite


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as server:
        killed, spared = server.workers()
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while len(now := set(server.workers()) - {killed}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        server.await_ready()
        assert spared in now
        assert requests.get(server.url, timeout=10).status_code == 200
        assert server.stop() == 0


def test_every_worker_ends_with_the_service(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as server:
        workers = server.workers()
        server.stop()
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_no_worker_outlives_a_service_that_was_killed(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as server:
        workers = server.workers()
        server.process.kill()
        server.process.wait()
        deadline = time.monotonic() + 30
        while any(_runs(worker) for worker in workers):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


@only_sqlite("a file that is removed")
def test_a_database_that_vanished_does_not_come_back_empty_with_a_new_worker(
    tmp_path: Path,
) -> None:
    with running(tmp_path, "--workers", "2") as server:
        for file in (tmp_path / "vestibule-data").glob("vestibule.db*"):
            file.unlink()
        first, _ = server.workers()
        os.kill(first, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while first in server.workers() or len(server.workers()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # The one that stayed may not have been ready yet when the other answered for both.
        server.await_ready("/healthz")
        for _ in range(10):
            assert requests.get(f"{server.url}/readyz", timeout=10).status_code == 503
        assert not (tmp_path / "vestibule-data" / "vestibule.db").exists()
