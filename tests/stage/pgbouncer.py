"""pgbouncer in transaction mode, in front of the PostgreSQL of the test run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.stage.databases import libpq
from tests.stage.postgresql import START_SECONDS, Cluster, cluster, command

# So few connections for so many clients that each transaction gets another one.
FEW = 3
SETTINGS = """
[databases]
* = host={server} user=vestibule
[pgbouncer]
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
auth_type = any
listen_port = 6432
unix_socket_dir = {folder}
"""


def pooled(url: str, folder: Path) -> str:
    """The same database, through the pooler in ``folder``."""
    return urlunsplit(urlsplit(url)._replace(query=f"host={folder}&port=6432"))


@contextmanager
def pgbouncer(behind: Cluster | None = None, size: int = FEW) -> Iterator[Path]:
    """A pooler; the directory of its socket.

    :param behind: the server; that of the test run unless said otherwise.
    :param size: how many connections it has to a database.
    """
    program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if program is None:
        pytest.skip("pgbouncer is not installed on this machine")
    behind = behind or cluster()
    folder = Path(tempfile.mkdtemp(prefix="vestibule-pgbouncer-"))
    (folder / "ini").write_text(SETTINGS.format(server=behind.folder, folder=folder, size=size))
    if os.geteuid() == 0:
        entry = pwd.getpwnam("postgres")
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command(program, folder / "ini", dies_with_us=True), stdout=log, stderr=log, cwd="/"
        )
    try:
        _await(process, pooled(behind.url("postgres"), folder), folder)
        yield folder
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def _await(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while True:
        with suppress(psycopg.OperationalError), psycopg.connect(libpq(url)):
            return
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < ends, "pgbouncer does not start"
        time.sleep(0.02)
