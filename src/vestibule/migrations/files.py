"""The schema in a file of SQLite's: one process at a time, with a copy first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from vestibule.db.sqlite import open_engine
from vestibule.migrations.revisions import SchemaError, found

# KiB of pages while steps are taken: a table that is copied is read and written all over.
STEPS_CACHE = 64 * 1024


def current(database: Path) -> str | None:
    """The revision that the file is at, or ``None`` if it holds no schema, or is not there.

    :raises SchemaError: the file cannot be read as a database, or holds something else.
    """
    if not database.exists():
        return None
    engine = open_engine(database)
    try:
        with engine.connect() as connection:
            return found(connection, str(database))
    except DBAPIError as error:
        raise SchemaError(f"{database} cannot be read: {error.orig}.") from error
    finally:
        engine.dispose()


def upgrade(database: Path) -> None:
    """Take every step that the file has not taken, all of them or none.

    :raises SchemaError: one of them fails.
    """
    # Alembic costs 11 MB in every worker, and is needed once in the life of a schema.
    from vestibule.migrations import steps  # noqa: PLC0415

    database.touch(mode=0o600)
    engine = open_engine(database, STEPS_CACHE)
    event.listen(engine, "connect", let_tables_be_copied)
    try:
        with engine.begin() as connection:
            steps.take(connection)
            _require_whole(connection)
    except DBAPIError as error:
        raise SchemaError(f"{database} cannot be upgraded: {error.orig}.") from error
    finally:
        engine.dispose()


def let_tables_be_copied(connection: Any, _: object) -> None:
    """SQLite changes a column by copying its table and dropping the old one.

    With foreign keys on, the drop would take along every row that refers to it.
    """
    connection.cursor().execute("PRAGMA foreign_keys = OFF")


def _require_whole(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise RuntimeError("a step of the schema left rows that refer to nothing")


def copy(database: Path, to: Path) -> None:
    """Write a complete copy of the file ``database`` to the new file ``to``.

    :raises SchemaError: there is no database, or the file cannot be written.
    """
    if not database.exists():
        raise SchemaError(f"There is no database at {database}.")
    try:
        to.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise SchemaError(f"{to} exists already; name a new file.") from error
    except OSError as error:
        raise SchemaError(f"Cannot write {to}: {error.strerror}.") from error
    engine = open_engine(database)
    try:
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (str(to),))
    except engine.dialect.loaded_dbapi.Error as error:
        to.unlink()
        raise SchemaError(f"Cannot copy {database} to {to}: {error}.") from error
    finally:
        engine.dispose()


def back_up(database: Path, revision: str, now: datetime) -> Path:
    """Copy the file to ``backups/`` beside it, and tell where it is."""
    folder = database.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    backup = folder / f"{database.stem}-{revision}-{now:%Y%m%dT%H%M%SZ}.db"
    copy(database, backup)
    return backup


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Be the only process that has the lock at ``path``; wait for it."""
    path.touch(mode=0o600)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
