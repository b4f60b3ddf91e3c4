"""How PostgreSQL is opened: which settings, how transactions begin, how long anything may take.

Nothing here relies on what a connection was told before. A pooler in transaction mode (pgbouncer)
hands out another one for each transaction, so limits are set inside it, in the same round trip as
``BEGIN``.
"""

from __future__ import annotations

import select
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import NullPool, QueuePool

from vestibule.config import PostgreSQLServer
from vestibule.db.engine import Opened, may_write

CONNECT_SECONDS = 3
# Anything takes milliseconds. Whoever waits this long for a lock, for a statement or for a server
# that says nothing gets 503: the same patience as with SQLite.
LOCK_SECONDS = 4
STATEMENT_SECONDS = 5
SILENT_SECONDS = 6.0
# A transaction that is held open holds locks. Ours are never idle, unless a process is stopped.
IDLE_SECONDS = 10
LIMITS = (
    f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'; "
    f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'; "
    f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
)
# Each statement sees what is committed when it begins, and rows are locked before they are read
# to be changed. Said each time, because a server may be set to another default.
BEGIN_WRITE = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {LIMITS}"
# One moment for all of it, as a reading transaction of SQLite's has. It never conflicts.
BEGIN_READ = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {LIMITS}"
# The server is another machine's: notice that it is gone though it never said so.
NETWORK: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": int(SILENT_SECONDS * 1000),
}


class Link(psycopg.Connection[Any]):
    """A connection that gives up on a server that does not answer."""

    patience: float | None = SILENT_SECONDS

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server, but not for ever."""
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout as error:  # noqa: SLF001 - raised to callers, too.
            # Its answer may still come, and must not be taken for that of another question.
            self.close()
            raise Silent("the server does not answer") from error


class PatientLink(Link):
    """A connection that waits as long as it takes: for a change of the schema."""

    patience = None


class Silent(psycopg.OperationalError):
    """The server took a statement, and nothing came back in time."""


def opened(server: PostgreSQLServer) -> Opened:
    """The database of ``server``."""
    engine = _engine(
        server,
        Link,
        poolclass=QueuePool,
        pool_size=server.pool,
        max_overflow=0,
        pool_timeout=server.pool_timeout.total_seconds(),
        pool_use_lifo=True,
    )
    event.listen(engine, "begin", _begin)
    event.listen(engine, "checkout", _require_open)
    checks = _engine(server, Link, prepare_threshold=0, poolclass=NullPool)
    return Opened(engine, checks, is_current=lambda _: True, was_lost=_was_lost)


def open_patiently(server: PostgreSQLServer) -> Engine:
    """An engine for changing the schema, which may take its time."""
    engine = _engine(server, PatientLink, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _engine(
    server: PostgreSQLServer, link: type[Link], prepare_threshold: int = 5, **options: Any
) -> Engine:
    url = make_url(server.url).set(drivername="postgresql+psycopg")
    ways = {
        # Transactions begin when we say so, and a lone statement needs none.
        "autocommit": True,
        "prepare_threshold": prepare_threshold if server.prepare else None,
        "application_name": "vestibule",
        "client_encoding": "utf8",
    }

    def connect() -> Any:
        _, parameters = engine.dialect.create_connect_args(url)
        return link.connect(**{**parameters, **NETWORK, **ways})

    # Values are secrets or personal: never in an error's text.
    engine = create_engine(
        "postgresql+psycopg://", creator=connect, hide_parameters=True, **options
    )
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(BEGIN_WRITE if may_write(connection) else BEGIN_READ)


def _require_open(connection: Any, _: object, __: object) -> None:
    """Let the pool replace a connection that the server has closed.

    An idle connection has nothing to say: what can be read is the end of it. Asking the kernel
    costs a microsecond, asking the server (``pool_pre_ping``) a round trip.
    """
    poll = select.poll()
    with suppress(psycopg.OperationalError):  # It has no socket any more.
        poll.register(connection.pgconn.socket, select.POLLIN | select.POLLHUP)
        if not poll.poll(0):
            return
    raise DisconnectionError("the server closed the connection")


def _was_lost(error: Exception, connection: Any) -> bool:
    return (connection.closed or connection.broken) and not isinstance(error, Silent)
