"""A log that is full, closed or unread stops nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.running import VESTIBULE, Running, environment, free_port

ACCOUNT = {"email": "alice@example.com", "password": "marzipan at dawn"}


@contextmanager
def logging_to(directory: Path, log: int) -> Iterator[str]:
    """A server whose standard error is the open file ``log``; its address."""
    port = free_port()
    for name in ("output", "log"):
        (directory / name).touch()
    process = subprocess.Popen(
        [*VESTIBULE, "run", "--workers", "1", "--port", str(port)],
        cwd=directory,
        env=environment(directory),
        stdout=subprocess.DEVNULL,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        Running(process, url, directory).await_ready()
        yield url
    finally:
        process.terminate()
        process.wait(30)


def serves(url: str, times: int = 1) -> bool:
    created = requests.post(f"{url}/users", data=ACCOUNT, timeout=10)
    with requests.Session() as ask:
        found = {ask.get(f"{url}/healthz", timeout=10).status_code for _ in range(times)}
    return created.json()["message"] == "user created" and found == {200}


def test_a_full_disk_under_the_log_fails_no_request(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with logging_to(tmp_path, full) as url:
        assert serves(url)
    os.close(full)


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "unread"])
def test_a_pipe_that_nobody_reads_stops_nothing(tmp_path: Path, closed: bool) -> None:
    read, write = os.pipe()
    if closed:
        os.close(read)
    with logging_to(tmp_path, write) as url:
        os.close(write)
        # Some five hundred lines fill a pipe.
        assert serves(url, times=1000)
    if not closed:
        os.close(read)
