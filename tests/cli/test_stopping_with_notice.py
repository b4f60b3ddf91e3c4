"""With ``VESTIBULE_STOP_NOTICE`` a stop is announced at ``/readyz``, and comes a while later."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import requests

from tests.cli.accounts import ACCOUNT, register
from tests.running import Running, running
from tests.stage.visits import eventually

LONG = {"VESTIBULE_STOP_NOTICE": "60s"}


def readiness(server: Running) -> tuple[int, str]:
    """What ``/readyz`` says: its status, and the code or status in its body."""
    answer = requests.get(f"{server.url}/readyz", timeout=10)
    body = answer.json()
    return answer.status_code, body.get("code") or body["status"]


def announced(server: Running) -> bool:
    """Whether every worker says that it stops: each has a part of the connections."""
    return {readiness(server) for _ in range(10)} == {(503, "stopping")}


def test_the_stop_is_announced_and_all_else_is_answered_until_then(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2", settings=LONG) as server:
        register(server.url)
        assert readiness(server) == (200, "ready")
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: announced(server))
        answer = requests.post(f"{server.url}/sessions", data=ACCOUNT, timeout=30)
        assert answer.status_code == 200
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
        # Asked a second time it does not wait for the end of the minute.
        assert server.stop() == 0


def test_it_ends_by_itself_when_the_notice_is_over(tmp_path: Path) -> None:
    with running(tmp_path, settings={"VESTIBULE_STOP_NOTICE": "1s"}) as server:
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began >= 1


def test_ctrl_c_needs_no_notice(tmp_path: Path) -> None:
    with running(tmp_path, settings=LONG) as server:
        assert server.stop(signal.SIGINT) == 0


def test_a_worker_that_comes_meanwhile_says_so_too(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "1", settings=LONG) as server:
        (worker,) = server.workers()
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: announced(server))
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: server.workers() not in ([], [worker]))
        server.await_ready("/healthz")
        assert announced(server)
        assert server.stop() == 0
