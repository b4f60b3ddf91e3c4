"""What is asked of a database within one transaction, on a connection of the driver's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Dialect

from vestibule.db.errors import translated
from vestibule.db.statements import Prepared, Statement, Values

# Rows that are fetched together, of an answer that may be too long for the memory.
PAGE = 1000


@dataclass(slots=True)
class Work:
    """Asks statements, one after the other. The driver's errors go up as they are."""

    _driver: Any
    _dialect: Dialect
    # A cursor for an answer of any length.
    _long: Callable[[Any], Any]
    # Whether it may write; accounts that are found are then kept from others.
    writing: bool

    def all(self, statement: Statement, **values: Any) -> list[Any]:
        """Every row of the answer."""
        prepared = statement.on(self._dialect)
        with closing(self._ask(prepared, values)) as cursor:
            rows = cursor.fetchall()
        return [prepared.read(row) for row in rows]

    def first(self, statement: Statement, **values: Any) -> Any | None:
        """The first row of the answer, or ``None``."""
        rows = self.all(statement, **values)
        return rows[0] if rows else None

    def value(self, statement: Statement, **values: Any) -> Any | None:
        """The first column of the first row, or ``None``."""
        rows = self.all(statement, **values)
        return rows[0][0] if rows else None

    def run(self, statement: Statement, **values: Any) -> int:
        """Have something done, and say to how many rows."""
        with closing(self._ask(statement.on(self._dialect), values)) as cursor:
            touched: int = cursor.rowcount
        return touched

    def run_all(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Have the same done with each of these values: a server is asked once."""
        prepared = statement.on(self._dialect)
        with closing(self._driver.cursor()) as cursor:
            cursor.executemany(prepared.sql, [prepared.arrange(values) for values in rows])

    def by_and_by(self, statement: Statement, **values: Any) -> Iterator[Any]:
        """The rows of an answer that is never in memory as a whole."""
        prepared = statement.on(self._dialect)
        # Closed when the caller has seen enough: PostgreSQL keeps a cursor for what is left.
        with closing(self._long(self._driver)) as cursor:
            cursor.execute(prepared.sql, prepared.arrange(values))
            while rows := cursor.fetchmany(PAGE):
                yield from map(prepared.read, rows)

    def translated(self) -> Any:
        """Around a statement whose failure the caller wants to tell by its name."""
        return translated(self._dialect.loaded_dbapi)

    def _ask(self, prepared: Prepared, values: Values) -> Any:
        cursor = self._driver.cursor()
        cursor.execute(prepared.sql, prepared.arrange(values))
        return cursor
