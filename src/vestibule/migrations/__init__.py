"""The schema, step by step: upgraded at start, under a lock, with a backup first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from vestibule.db.engine import SQLITE_VERSION, open_engine

__all__ = [
    "SQLITE_VERSION",
    "SchemaError",
    "Upgrade",
    "copy",
    "current",
    "head",
    "known",
    "upgrade",
]


# Tables that every revision has.
EARLIEST = frozenset({"users", "sessions"})


class SchemaError(Exception):
    """The database cannot be used as it is; the text says what to do."""


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade did: the revisions before and after, and where the backup is."""

    before: str | None
    after: str
    backup: Path | None


def known() -> list[str]:
    """The revisions of this version, oldest first: ``0001`` for ``0001_accounts.py``."""
    files = (Path(__file__).parent / "versions").glob("[0-9]*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def head() -> str:
    """The revision that this version of the service needs."""
    return known()[-1]


def current(database: Path) -> str | None:
    """The revision that the SQLite file ``database`` is at, or ``None`` if it holds no schema.

    :raises SchemaError: the file cannot be read as a database, or holds something else.
    """
    if not database.exists():
        return None
    engine = open_engine(database)
    try:
        with engine.connect() as connection:
            tables = inspect(connection).get_table_names()
            if not tables:
                return None
            if "alembic_version" not in tables:
                raise SchemaError(f"{database} is a database of something else.")
            revisions = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
            if len(revisions) != 1 or not EARLIEST.issubset(tables):
                raise SchemaError(f"{database} holds half a schema; restore a backup.")
            return str(revisions[0])
    except DBAPIError as error:
        raise SchemaError(f"{database} cannot be read: {error.orig}.") from error
    finally:
        engine.dispose()


def upgrade(database: Path, now: datetime) -> Upgrade:
    """Bring the SQLite file ``database`` to the newest schema, making it if there is none.

    One process at a time does this; the others wait for it. What is there already is copied
    to ``backups/`` beside the file before anything changes.

    :raises SchemaError: the schema is of a newer version, or the file cannot be read.
    """
    with _lock(database.with_name(database.name + ".lock")):
        before, after = current(database), head()
        if before == after:
            return Upgrade(before, after, None)
        _refuse_newer(before)
        backup = _back_up(database, before, now) if before else None
        database.touch(mode=0o600)
        # Alembic costs 11 MB in every worker, and is needed once in the life of a schema.
        from vestibule.migrations import steps  # noqa: PLC0415

        try:
            steps.run(database)
        except DBAPIError as error:
            raise SchemaError(f"{database} cannot be upgraded: {error.orig}.") from error
        return Upgrade(before, after, backup)


def copy(database: Path, to: Path) -> None:
    """Write a complete copy of the SQLite file ``database`` to the new file ``to``.

    It shows one moment, whatever is being written meanwhile.

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


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in known():
        raise SchemaError(
            f"The database is at schema {revision}, which this version does not know: a newer "
            f"version of Vestibule made it. Run that version, or restore a backup made by this one."
        )


def _back_up(database: Path, revision: str, now: datetime) -> Path:
    folder = database.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    backup = folder / f"{database.stem}-{revision}-{now:%Y%m%dT%H%M%SZ}.db"
    copy(database, backup)
    return backup


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.touch(mode=0o600)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
