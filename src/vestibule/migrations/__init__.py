"""The schema, step by step: upgraded at start, under a lock, with a backup first."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from vestibule.db.engine import SQLITE_VERSION, open_engine

__all__ = ["SQLITE_VERSION", "SchemaError", "Upgrade", "current", "head", "upgrade"]


class SchemaError(Exception):
    """The database cannot be used as it is; the text says what to do."""


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade did: the revisions before and after, and where the backup is."""

    before: str | None
    after: str
    backup: Path | None


def head() -> str:
    """The revision that this version of the service needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise SchemaError("This installation carries no migrations; install it again.")
    return revision


def current(database: Path) -> str | None:
    """The revision that the SQLite file ``database`` is at, or ``None`` if it holds no schema.

    :raises SchemaError: the file cannot be read as a database.
    """
    if not database.exists():
        return None
    engine = open_engine(database)
    try:
        return _revision(engine)
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
        engine = open_engine(database)
        try:
            with engine.begin() as connection:
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        finally:
            engine.dispose()
        return Upgrade(before, after, backup)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "vestibule:migrations")
    return config


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaError(
            f"The database is at schema {revision}, which this version does not know: a newer "
            f"version of Vestibule made it. Run that version, or restore a backup made by this one."
        )


def _back_up(database: Path, revision: str, now: datetime) -> Path:
    folder = database.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    backup = folder / f"{database.stem}-{revision}-{now:%Y%m%dT%H%M%SZ}.db"
    backup.touch(mode=0o600)
    with closing(open_engine(database).raw_connection()) as connection:
        # A copy that a transaction sees: complete whatever else is going on.
        connection.cursor().execute("VACUUM INTO ?", (str(backup),))
    return backup


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.touch(mode=0o600)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
