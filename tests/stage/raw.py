"""The database file as a thief sees it: its rows and its bytes, past every room of the house."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from flask import Flask
from pysqlite3 import dbapi2 as sqlite

from tests.stage.visits import front_desk


def file_of(app: Flask) -> Path:
    """The database file of an application."""
    return front_desk(app).outbox.folder.parent / "vestibule.db"


def rows(where: Flask | Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement on the file, by a connection of its own."""
    path = file_of(where) if isinstance(where, Flask) else where
    with closing(sqlite.connect(path, timeout=10)) as connection, connection:
        return list(connection.execute(sql, values))


def everything(folder: Path) -> bytes:
    """Every byte of the database and of what SQLite keeps beside it."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("vestibule.db*")))
