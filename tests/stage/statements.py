"""What the database is asked meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from vestibule.db.engine import may_write


@dataclass
class Asked:
    """Statements but ``BEGIN`` and ``COMMIT``, and how many transactions there were around them.

    Session checks are not among them: each is one statement, on a connection of its own.
    """

    statements: list[str] = field(default_factory=list)
    reading: int = 0
    writing: int = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """Transactions that only read, transactions that may write, statements."""
        return self.reading, self.writing, len(self.statements)


@contextmanager
def asked() -> Iterator[Asked]:
    """Whatever is asked until the end of the block."""
    found = Asked()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith("BEGIN"):
            found.statements.append(" ".join(statement.split()))

    def begin(connection: Connection) -> None:
        if may_write(connection):
            found.writing += 1
        else:
            found.reading += 1

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "begin", begin)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        event.remove(Engine, "begin", begin)
