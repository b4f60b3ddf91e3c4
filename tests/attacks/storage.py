"""The storage of a running server as a thief finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.stage.raw import everything, rows
from tests.stage.server import Server


def ask(server: Server, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement on the database, past the service."""
    return rows(server.data / "vestibule.db", sql, *values)


def stored(server: Server) -> bytes:
    """Every byte of the database, of what is kept beside it, and of its backups."""
    backups = (path for path in server.data.rglob("*") if path.suffix in (".db", ".bak", ".backup"))
    return everything(server.data) + b"".join(path.read_bytes() for path in backups)


def values(server: Server) -> Iterator[str]:
    """Every value of every column of every table, as text."""
    for (table,) in ask(server, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in ask(server, f'SELECT * FROM "{table}"'):  # noqa: S608 - its own name.
            yield from (str(value) for value in row if value is not None)
