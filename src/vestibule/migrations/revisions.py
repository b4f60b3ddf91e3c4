"""Which schemas there are, and which one a database is at."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

# Tables that every revision has.
EARLIEST = frozenset({"users", "sessions"})


class SchemaError(Exception):
    """The database cannot be used as it is; the text says what to do."""


def known() -> list[str]:
    """The revisions of this version, oldest first: ``0001`` for ``0001_accounts.py``."""
    files = (Path(__file__).parent / "versions").glob("[0-9]*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def head() -> str:
    """The revision that this version of the service needs."""
    return known()[-1]


def found(connection: Connection, name: str) -> str | None:
    """The revision of the database called ``name``, or ``None`` if it is empty.

    :raises SchemaError: it holds something else, or half a schema.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise SchemaError(f"{name} is a database of something else.")
    revisions = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    if len(revisions) != 1 or not EARLIEST.issubset(tables):
        raise SchemaError(f"{name} holds half a schema; restore a backup.")
    return str(revisions[0])


def refuse_newer(revision: str | None) -> None:
    """Accept what this version knows.

    :raises SchemaError: a newer version made it.
    """
    if revision is not None and revision not in known():
        raise SchemaError(
            f"The database is at schema {revision}, which this version does not know: a newer "
            f"version of Vestibule made it. Run that version, or restore a backup made by this one."
        )
