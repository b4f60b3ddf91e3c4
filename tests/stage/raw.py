"""The database as a thief sees it: its rows and its bytes, past every room of the house."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from flask import Flask
from pysqlite3 import dbapi2 as sqlite

from tests.stage.databases import libpq
from tests.stage.server import Server
from tests.stage.visits import front_desk
from vestibule import config
from vestibule.config import Database, SQLiteFile

DATABASE = "STAGE_DATABASE"


def file_of(app: Flask) -> Path:
    """The SQLite file of an application."""
    return front_desk(app).outbox.folder.parent / "vestibule.db"


def rows(where: Flask | Server | Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement on the database, by a connection of its own."""
    url = _url(where)
    if url is not None:
        return _rows_of_server(url, sql, values)
    if isinstance(where, Server):
        path = where.data / "vestibule.db"
    else:
        path = file_of(where) if isinstance(where, Flask) else where
    with closing(sqlite.connect(path, timeout=10)) as connection, connection:
        return list(connection.execute(sql, values))


def database_of(app: Flask) -> Database:
    """The database of an application, as its settings tell of it."""
    url = app.config.get(DATABASE)
    return config.load(database_url=url).database if url else SQLiteFile(file_of(app))


def is_on_postgresql(where: Flask | Server) -> bool:
    """Whether this stands on PostgreSQL."""
    return _url(where) is not None


def _url(where: Flask | Server | Path) -> str | None:
    url = None
    if isinstance(where, Flask):
        url = where.config.get(DATABASE)
    if isinstance(where, Server):
        url = where.settings.get("database_url")
    return url if url is None or url.startswith("postgresql") else None


def _rows_of_server(url: str, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    import psycopg  # noqa: PLC0415 - loaded only where it is used.

    with psycopg.connect(libpq(url)) as connection:
        theirs = sql.replace("%", "%%").replace("?", "%s") if values else sql
        cursor = connection.execute(theirs.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


def everything(folder: Path) -> bytes:
    """Every byte of the database and of what SQLite keeps beside it."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("vestibule.db*")))
