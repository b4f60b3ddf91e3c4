"""A private Redis: on a socket in a directory of its own, keeping nothing, gone with the test."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.stage.visits import eventually


class RedisServer:
    """One ``redis-server``."""

    def __init__(self, program: str, folder: Path) -> None:
        self._command = [program, "--port", "0", "--save", "", "--appendonly", "no"]
        self._command += ["--unixsocket", str(folder / "socket"), "--dir", str(folder)]
        self.url = f"redis+unix://{folder / 'socket'}"
        self.client: Any = redis.Redis(unix_socket_path=str(folder / "socket"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        eventually(self._answers)

    def hang(self) -> None:
        """Answer nobody, but keep their connections."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End at once; what was counted is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def counted(self) -> list[str]:
        """What is counted there."""
        return sorted(key.decode() for key in self.client.scan_iter())

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A Redis that runs."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed on this machine")
    # Not pytest's directory: the name of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="vestibule-redis-") as folder:
        server = RedisServer(program, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.client.close()
            server.stop()
