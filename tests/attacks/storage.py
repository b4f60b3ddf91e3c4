"""The storage of a running server as a thief finds it, past every room of the house."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.stage.raw import everything, is_on_postgresql, rows
from tests.stage.server import Server
from vestibule.records import OutboxMessage
from vestibule.user import User

TABLES = sorted({*OutboxMessage.metadata.tables, *User.metadata.tables})
COPIED = [column.name for column in User.__table__.columns if column.name != "id"]


def ask(server: Server, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement on the database."""
    return rows(server, sql, *values)


def values(server: Server) -> Iterator[str]:
    """Every value of every column of every table, as text."""
    for table in TABLES:
        for row in ask(server, f'SELECT * FROM "{table}"'):  # noqa: S608 - its own name.
            yield from (str(value) for value in row if value is not None)


def stored(server: Server) -> bytes:
    """Every byte of the database, of what is kept beside it, and of its backups."""
    if is_on_postgresql(server):
        return "\n".join(values(server)).encode("utf-8", "surrogatepass")
    backups = (path for path in server.data.rglob("*") if path.suffix in (".db", ".bak", ".backup"))
    return everything(server.data) + b"".join(path.read_bytes() for path in backups)


def copy_account(server: Server, email: str, copy: str) -> str:
    """Make an account like that of ``email`` for the address ``copy``, without the work."""
    names = ", ".join(f'"{name}"' for name in COPIED)
    (row,) = ask(server, f"SELECT {names} FROM users WHERE email = ?", email)  # noqa: S608
    new = dict(zip(COPIED, row, strict=True))
    new |= {"email": copy, "email_key": copy, "pseudonym": uuid4().hex}
    marks = ", ".join("?" for _ in COPIED)
    ask(server, f"INSERT INTO users ({names}) VALUES ({marks})", *new.values())  # noqa: S608
    return copy
