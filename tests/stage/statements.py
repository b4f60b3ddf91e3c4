"""What the database is asked meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from sqlalchemy.engine import Dialect

from vestibule.db import DB
from vestibule.db.statements import Prepared, Statement
from vestibule.db.work import Work


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

    prepare, work = Statement.on, DB._work  # noqa: SLF001 - there is no other ear.

    def note(statement: Statement, dialect: Dialect) -> Prepared:
        prepared = prepare(statement, dialect)
        found.statements.append(" ".join(prepared.sql.split()))
        return prepared

    def begin(db: DB, lent: Any, *, writing: bool = False) -> Work:
        if writing:
            found.writing += 1
        else:
            found.reading += 1
        return work(db, lent, writing=writing)

    with patch.object(Statement, "on", note), patch.object(DB, "_work", begin):
        yield found
