"""The schema in a database of PostgreSQL's: in one transaction, under an advisory lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from vestibule.config import PREFIX, PostgreSQLServer
from vestibule.db.errors import sentence
from vestibule.db.postgresql import open_patiently
from vestibule.migrations.revisions import SchemaError, found, head, refuse_newer

# Any number will do, as long as all nodes name the same: "vest" in ASCII.
LOCK = 0x76657374
# Changing a table waits for whoever reads it, and everybody who comes later waits behind: a dump
# that takes an hour must make the upgrade fail, not the service.
LIMITS = text("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0")


def current(server: PostgreSQLServer) -> str | None:
    """The revision that the database is at, or ``None`` if it is empty.

    :raises SchemaError: it cannot be reached, or holds something else.
    """
    with _connected(server) as connection:
        return found(connection, str(server))


def upgrade(server: PostgreSQLServer) -> str | None:
    """Take every step that the database has not taken, all of them or none.

    What comes back is the revision before. The lock ends with the transaction, so it cannot be
    left behind, whoever dies and whatever pooler is in between.

    :raises SchemaError: a newer version made the schema, or a step fails.
    """
    with _connected(server) as connection:
        connection.execute(LIMITS)
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        before = found(connection, str(server))
        if before != head():
            refuse_newer(before)
            # Alembic costs 11 MB in every worker, and is needed once in the life of a schema.
            from vestibule.migrations import steps  # noqa: PLC0415

            steps.take(connection)
        return before


@contextmanager
def _connected(server: PostgreSQLServer) -> Iterator[Connection]:
    engine = open_patiently(server)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise SchemaError(
            f"database_url ({PREFIX}DATABASE_URL): {server} cannot be used: {sentence(error)}."
        ) from error
    finally:
        engine.dispose()
