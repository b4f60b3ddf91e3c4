"""Very many rows at once, into a database that nobody uses yet: for measuring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, event, exists, func, select
from sqlalchemy.schema import (
    AddConstraint,
    Constraint,
    CreateIndex,
    DropConstraint,
    DropIndex,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)

from vestibule.config import Database, SQLiteFile
from vestibule.db.errors import translated
from vestibule.db.sqlite import open_engine
from vestibule.user import Row

# KiB of pages: what is sorted at the end takes as much, and the rest of it a file.
CACHE = 1024 * 1024


@dataclass(frozen=True)
class Filling:
    """A transaction that fills tables."""

    _connection: Connection

    def are_empty(self, *models: type[Row]) -> bool:
        """Whether none of these tables has a row."""
        there = (exists().select_from(model) for model in models)
        return not any(self._connection.scalar(select(one)) for one in there)

    def add(
        self, model: type[Row], columns: Sequence[str], rows: Sequence[tuple[object, ...]]
    ) -> None:
        """Add ``rows``, each with the values of these columns as they are stored."""
        quote = self._connection.dialect.identifier_preparer.quote
        place = f"{model.__tablename__} ({', '.join(map(quote, columns))})"
        cursor: Any = self._connection.connection.cursor()
        if self._is_sqlite:
            values = ", ".join("?" * len(columns))
            cursor.executemany(f"INSERT INTO {place} VALUES ({values})", rows)  # noqa: S608
        else:
            with cursor.copy(f"COPY {place} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        cursor.close()

    def number_on(self, *models: type[Row]) -> None:
        """Let the next row of these tables get the number after the greatest.

        SQLite does by itself.
        """
        for model in () if self._is_sqlite else models:
            name = model.__tablename__
            number = func.coalesce(func.max(model.__table__.c.id), 1)
            self._connection.execute(
                select(func.setval(func.pg_get_serial_sequence(name, "id"), number))
            )

    @contextmanager
    def without_extras(self) -> Iterator[None]:
        """Let rows be added without indexes, which are made at the end, sorted.

        That takes a fraction of the time. On PostgreSQL everybody else waits from here on.
        """
        extras = _extras(self._connection)
        for extra in extras:
            self._connection.execute(_dropping(extra))
        yield
        for extra in reversed(extras):
            self._connection.execute(_making(extra))

    @contextmanager
    def sorted(self, model: type[Row]) -> Iterator[None]:
        """Let rows of ``model`` be added in any order, and sorted by their numbers at the end.

        That is the order of SQLite's table. A row that is put into its place as it comes may have
        another page read and written each time, once they are more than the memory holds.
        """
        if not self._is_sqlite:
            yield
            return
        name = model.__tablename__
        # Of two tables with this name, the temporary one is meant.
        self._connection.exec_driver_sql(
            f"CREATE TEMP TABLE {name} AS SELECT * FROM main.{name} WHERE false"  # noqa: S608
        )
        yield
        self._connection.exec_driver_sql(
            f"INSERT INTO main.{name} SELECT * FROM temp.{name} ORDER BY id"  # noqa: S608
        )
        self._connection.exec_driver_sql(f"DROP TABLE temp.{name}")

    @property
    def _is_sqlite(self) -> bool:
        return self._connection.dialect.name == "sqlite"


@contextmanager
def filling(database: Database) -> Iterator[Filling]:
    """A transaction that fills tables: all of it is stored, or none.

    :raises StorageUnavailable: somebody else uses the database, or it has no room.
    """
    engine = engine_of(database)
    try:
        with translated(engine.dialect.loaded_dbapi), engine.connect() as connection:
            with connection.begin():
                yield Filling(connection)
            _tidy(connection)
    finally:
        engine.dispose()


def engine_of(database: Database) -> Engine:
    """An engine for one who has the database for himself."""
    if isinstance(database, SQLiteFile):
        engine = open_engine(database.path, CACHE)
        event.listen(engine, "connect", _be_alone)
        return engine
    # Its driver costs every worker some megabytes: only where it is used.
    from vestibule.db import postgresql  # noqa: PLC0415

    return postgresql.open_patiently(database)


def _be_alone(connection: Any, _: object) -> None:
    """Write new pages to their place at once, where a write-ahead log would hold them all twice.

    What is undone, should the transaction not end, is that the file grew. SQLite refuses this
    while others have the database open.
    """
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.execute("PRAGMA journal_mode = DELETE")
    cursor.close()


def _extras(connection: Connection) -> list[Index | Constraint]:
    """What is made faster when all rows are there. SQLite can do without its indexes only."""
    tables: Sequence[Table] = Row.metadata.sorted_tables
    indexes = [index for table in tables for index in table.indexes if not _is_of_few(index)]
    if connection.dialect.name == "sqlite":
        return list(indexes)
    kinds = ForeignKeyConstraint, UniqueConstraint
    found = [each for table in tables for each in table.constraints if isinstance(each, kinds)]
    return [*found, *indexes]


def _is_of_few(index: Index) -> bool:
    """Whether it leaves out what is added here: rows without what it is about."""
    return index.dialect_options["sqlite"]["where"] is not None


def _dropping(extra: Index | Constraint) -> Any:
    if isinstance(extra, Index):
        return DropIndex(extra)
    return DropConstraint(extra, isolate_from_table=False)


def _making(extra: Index | Constraint) -> Any:
    if isinstance(extra, Index):
        return CreateIndex(extra)
    return AddConstraint(extra, isolate_from_table=False)


def _tidy(connection: Connection) -> None:
    """Leave the database as it is after a while in use."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.execute("PRAGMA journal_mode = WAL").close()
        return
    # What its autovacuum would do some minutes later.
    for table in Row.metadata.sorted_tables:
        driver.execute(f"VACUUM (ANALYZE) {table.name}")
