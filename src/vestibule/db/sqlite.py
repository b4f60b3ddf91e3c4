"""How SQLite is opened: which library, which settings, how transactions begin."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from vestibule.db.engine import Opened
from vestibule.db.errors import StorageUnavailable

if sys.platform == "linux":
    # SQLite before 3.51.3 can corrupt a WAL database that two connections write, and Debian's
    # Python carries 3.40. This wheel brings its own, fixed one.
    from pysqlite3 import dbapi2 as sqlite
else:
    import sqlite3 as sqlite

SQLITE_VERSION: str = sqlite.sqlite_version
# A writer waits this long for another to finish before it answers 503.
BUSY_SECONDS = 5
# KiB of a connection's pages: the upper ones of every index. The kernel caches the rest.
CACHE = 2048
# Of those that are many, one for each thread that writes, and read a few rows each time.
TRANSACTION_CACHE = 128


def opened(path: Path) -> Opened:
    """The database in the file at ``path``, which must exist, if only as an empty one."""
    engine, checks, name = open_engine(path, TRANSACTION_CACHE), open_engine(path), str(path)

    def is_current(info: Any) -> bool:
        remembered = info["file"]
        return remembered is not None and bool(remembered == identity(name))

    return Opened(
        engine,
        checks,
        begin_lasting=begin_lasting,
        begin_passing=begin_passing,
        begin_reading=begin_reading,
        is_current=is_current,
        was_lost=lambda _, __: False,
        # It reads on only when it is asked for more.
        long=lambda connection: connection.cursor(),
        turn=_in_turn(Lock()),
    )


def begin_lasting(connection: Any) -> None:
    """Begin a transaction that waits its turn to write, and is on the disk when it ends.

    One that reads first and writes later would fail at once when another wrote in between.
    """
    # What was acknowledged survives a power cut, not only a crash of the process.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")


def begin_passing(connection: Any) -> None:
    """The same, but for the disk: it is there for everybody, until the power is cut."""
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")


def begin_reading(connection: Any) -> None:
    """Begin a transaction that sees one moment, and waits for nobody."""
    connection.execute("BEGIN")


def _in_turn(writer: Lock) -> Callable[[], AbstractContextManager[None]]:
    """What lets the writers of this process in, one after the other.

    SQLite lets in one as well, but who waits sleeps for up to a tenth of a second and looks again,
    and may find another one there each time. Other processes are still met like that.
    """

    @contextmanager
    def turn() -> Iterator[None]:
        if not writer.acquire(timeout=BUSY_SECONDS):
            raise StorageUnavailable("the database is locked")
        try:
            yield
        finally:
            writer.release()

    return turn


def open_engine(path: Path, cache: int = CACHE) -> Engine:
    """An engine on the SQLite file at ``path``, which must exist, if only as an empty file.

    A file that vanishes under a running service must not come back as a new, empty database.

    :param cache: KiB of pages that each connection keeps.
    """
    address = f"{path.resolve().as_uri()}?mode=rw"

    def connect() -> Any:
        return sqlite.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )

    engine = create_engine(
        "sqlite://",
        module=sqlite,
        creator=connect,
        # Threads come and go (granian reaps idle ones), so connections belong to the pool.
        poolclass=QueuePool,
        pool_size=8,
        # One for each thread, of which there are a few more than cores: none has to wait for it.
        max_overflow=-1,
        pool_timeout=BUSY_SECONDS,
        pool_use_lifo=True,
        # Values are secrets or personal: never in an error's text.
        hide_parameters=True,
    )
    event.listen(engine, "connect", partial(_configure, cache))
    # Where SQLAlchemy runs the statements, they change the schema, or fill it.
    event.listen(engine, "begin", lambda it: it.exec_driver_sql("BEGIN IMMEDIATE"))
    _watch_the_file(engine, path)
    return engine


def _configure(cache: int, connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA cache_size = -{cache}")
    cursor.execute("PRAGMA trusted_schema = OFF")
    cursor.close()


def _watch_the_file(engine: Engine, path: Path) -> None:
    """Drop connections to a file that was moved or deleted: they would read what is no more."""
    name = str(path)

    def remember(_: Any, record: Any) -> None:
        record.info["file"] = identity(name)

    def compare(_: Any, record: Any, __: object) -> None:
        # It may have gone while the connection was being made.
        if record.info["file"] is None or record.info["file"] != identity(name):
            raise DisconnectionError("the database file was replaced")

    event.listen(engine, "connect", remember)
    event.listen(engine, "checkout", compare)


def identity(path: str) -> tuple[int, int] | None:
    """Which file is at ``path`` now (device and inode), or ``None``."""
    try:
        status = os.stat(path)  # noqa: PTH116 - on the hot path, and three times as fast as Path's.
    except OSError:
        return None
    return status.st_dev, status.st_ino
