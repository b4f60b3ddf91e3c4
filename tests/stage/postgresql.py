"""A private PostgreSQL of the test run: started when first needed, gone with the process.

It listens on a socket in a directory of its own, keeps nothing that a crash of the machine would
need, and dies with the process that started it, however that ends. A migrated database is made
once; each test gets a copy of it.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.stage.databases import PASSWORD_OF_DATABASE, libpq
from vestibule import config, migrations

TEMPLATE = "vestibule_template"
START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "",
    # Nothing is to survive the machine. A server that is killed alone loses nothing by this.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "300",
    "shared_buffers": "16MB",
    # So that a deadlock is found before a test grows long.
    "deadlock_timeout": "200ms",
}


def binaries() -> Path | None:
    """Where the newest PostgreSQL of Debian's is installed, or whichever is on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


def _version(path: Path) -> float:
    return float(path.parts[4])


def command(*words: str | Path, dies_with_us: bool = False) -> list[str]:
    """A command that PostgreSQL runs with: it refuses to be root."""
    ahead: list[str] = []
    if os.geteuid() == 0:
        ahead = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    if dies_with_us:
        # SIGQUIT is PostgreSQL's immediate end: it takes its own children along.
        ahead = [*(ahead or ["setpriv"]), "--pdeathsig=QUIT"]
    return [*ahead, *map(str, words)]


class Cluster:
    """A server, which can be stopped and started again."""

    def __init__(self, where: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self._bin, self._settings = where, settings
        self.folder = Path(tempfile.mkdtemp(prefix="vestibule-postgresql-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        atexit.register(self.end)
        made: list[str | Path] = [
            where / "initdb",
            "-D",
            self.folder / "data",
            "-U",
            "vestibule",
            "-A",
            "trust",
        ]
        options = ["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        subprocess.run(command(*made, *options), check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [
            word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")
        ]
        server: list[str | Path] = [
            self._bin / "postgres",
            "-D",
            self.folder / "data",
            "-k",
            self.folder,
            *options,
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command(*server, dies_with_us=True),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for pytest, which still has something to put away.
                start_new_session=True,
            )
        ends = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < ends, "PostgreSQL does not start"
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether it lets anybody in."""
        with suppress(psycopg.OperationalError), psycopg.connect(libpq(self.url("postgres"))):
            return True
        return False

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it, at once unless said otherwise."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
            self._process = None

    def processes(self) -> list[int]:
        """The server's process and those that it started."""
        assert self._process, "it is stopped"
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [self._process.pid, *map(int, children.read_text().split())]

    def end(self) -> None:
        """Stop it and remove everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """The URL of one of its databases, with a password that nothing must ever show."""
        password = quote(PASSWORD_OF_DATABASE, safe="")
        return f"postgresql+psycopg://vestibule:{password}@/{name}?host={self.folder}"

    def run(self, *statements: str, url: str | None = None) -> None:
        """Run statements that belong to no database, or to that at ``url``."""
        where = libpq(url or self.url("postgres"))
        with psycopg.connect(where, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def empty(self) -> str:
        """The URL of a new, empty database."""
        name = f"empty_{next(self._names)}"
        self.run(f"CREATE DATABASE {name} STRATEGY file_copy")
        return self.url(name)

    def migrated(self) -> str:
        """The URL of a new database at the newest schema."""
        name = f"test_{next(self._names)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = config.load(database_url=url).database
        self.run(
            f"DROP DATABASE IF EXISTS {str(name).partition('?')[0].rpartition('/')[2]} (FORCE)"
        )


@cache
def _started() -> Cluster | None:
    where = binaries()
    if where is None or not shutil.which("setpriv"):
        return None
    cluster = Cluster(where)
    cluster.start()
    cluster.run(f"CREATE DATABASE {TEMPLATE}")
    migrations.upgrade(config.load(database_url=cluster.url(TEMPLATE)).database, config.clock())
    return cluster


def cluster() -> Cluster:
    """The server of this test run; the test is skipped where PostgreSQL is not installed."""
    found = _started()
    if found is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    return found


@contextmanager
def own_cluster(settings: Mapping[str, str] = SETTINGS) -> Iterator[Cluster]:
    """A server for one test alone, to stop and to freeze; or one to measure, which is durable."""
    where = binaries()
    if where is None or not shutil.which("setpriv"):
        pytest.skip("PostgreSQL is not installed on this machine")
    own = Cluster(where, settings)
    try:
        own.start()
        yield own
    finally:
        own.end()
        atexit.unregister(own.end)
