"""The schema, step by step: upgraded at start, under a lock; a file of SQLite's is copied first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vestibule.config import Database, SQLiteFile
from vestibule.db import SQLITE_VERSION
from vestibule.migrations import files
from vestibule.migrations.revisions import SchemaError, head, known, refuse_newer

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


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade did: the revisions before and after, and where the backup is."""

    before: str | None
    after: str
    backup: Path | None


def current(database: Database) -> str | None:
    """The revision that ``database`` is at, or ``None`` if it holds no schema.

    :raises SchemaError: it cannot be read as a database, or holds something else.
    """
    if isinstance(database, SQLiteFile):
        return files.current(database.path)
    from vestibule.migrations import servers  # noqa: PLC0415 - its driver costs 6 MB.

    return servers.current(database)


def upgrade(database: Database, now: datetime) -> Upgrade:
    """Bring ``database`` to the newest schema, making the file if there is none.

    One process at a time does this; the others wait for it. What is in a file already is copied
    to ``backups/`` beside it before anything changes.

    :raises SchemaError: the schema is of a newer version, or the database cannot be used.
    """
    if isinstance(database, SQLiteFile):
        return _upgrade_file(database.path, now)
    from vestibule.migrations import servers  # noqa: PLC0415 - its driver costs 6 MB.

    return Upgrade(servers.upgrade(database), head(), None)


def copy(database: Database, to: Path) -> None:
    """Write a complete copy of the SQLite file ``database`` to the new file ``to``.

    It shows one moment, whatever is being written meanwhile.

    :raises SchemaError: there is no database, or the file cannot be written.
    """
    if not isinstance(database, SQLiteFile):
        raise SchemaError(
            f"{database} is backed up with PostgreSQL's own pg_dump; "
            "`vestibule db backup` copies files of SQLite's."
        )
    files.copy(database.path, to)


def _upgrade_file(database: Path, now: datetime) -> Upgrade:
    with files.lock(database.with_name(database.name + ".lock")):
        before, after = files.current(database), head()
        if before == after:
            return Upgrade(before, after, None)
        refuse_newer(before)
        backup = files.back_up(database, before, now) if before else None
        files.upgrade(database)
        return Upgrade(before, after, backup)
