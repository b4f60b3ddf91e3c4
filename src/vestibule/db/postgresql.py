"""How PostgreSQL is opened: which settings, how transactions begin, how long anything may take.

Nothing here relies on what a connection was told before. A pooler in transaction mode (pgbouncer)
hands out another one for each transaction, so limits are set inside it, in the same round trip as
``BEGIN`` and its first statement.
"""

from __future__ import annotations

import select
from contextlib import suppress
from itertools import count
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import NullPool, QueuePool

from vestibule.config import PostgreSQLServer
from vestibule.db.engine import Opened

CONNECT_SECONDS = 3
# Anything takes milliseconds. Whoever waits this long for a lock, for a statement or for a server
# that says nothing gets 503: the same patience as with SQLite.
LOCK_SECONDS = 4
STATEMENT_SECONDS = 5
SILENT_SECONDS = 6.0
# The server has this long to hear that nobody waits any more.
CANCEL_SECONDS = 1.0
# A transaction that is held open holds locks. Ours are never idle, unless a process is stopped.
IDLE_SECONDS = 10
# What ``SET LOCAL`` does, three times in one statement: until the transaction ends.
LIMITS = (
    f"SELECT set_config('statement_timeout', '{STATEMENT_SECONDS}s', true),"
    f" set_config('lock_timeout', '{LOCK_SECONDS}s', true),"
    f" set_config('idle_in_transaction_session_timeout', '{IDLE_SECONDS}s', true)"
)
# Not to wait for the disk at the end of this transaction.
PASSING = "set_config('synchronous_commit', 'off', true)"
# Each statement sees what is committed when it begins, and rows are locked before they are read
# to be changed. Said each time, because a server may be set to another default.
BEGIN_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
# One moment for all of it, as a reading transaction of SQLite's has. It never conflicts.
BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# The server is another machine's: notice that it is gone though it never said so.
NETWORK: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": int(SILENT_SECONDS * 1000),
}
# The names of cursors that answer by and by.
NUMBERS = count()


class Link(psycopg.Connection[Any]):
    """A connection that gives up on a server that does not answer, and asks it seldom.

    What a transaction begins with goes out together with its first statement: a round trip less.
    """

    patience: float | None = SILENT_SECONDS
    _ahead: tuple[str, ...] = ()
    _only_reads = False

    def begin(self, *statements: str, only_reads: bool = False) -> None:
        """Begin a transaction with the next statement, by these."""
        self._ahead, self._only_reads = statements, only_reads

    @property
    def begins(self) -> bool:
        """Whether a transaction is to begin with the next statement."""
        return bool(self._ahead)

    def send_ahead(self) -> None:
        """Send what has to go out before the next statement, if there is something."""
        statements, self._ahead = self._ahead, ()
        for statement in statements:
            psycopg.Cursor(self).execute(statement)

    def commit(self) -> None:
        """End the transaction, and keep what was done in it.

        :raises psycopg.errors.InFailedSqlTransaction: a statement of it had failed. The server
            would undo all of it, and say so in a word that psycopg does not read.
        """
        failed = self.pgconn.transaction_status == psycopg.pq.TransactionStatus.INERROR
        if failed and not self._only_reads:
            raise psycopg.errors.InFailedSqlTransaction("a statement of the transaction had failed")
        super().commit()

    def rollback(self) -> None:
        """End the transaction without a trace."""
        self._ahead = ()
        if self._only_reads:
            # The same for the server. But psycopg forgets what it prepared when it hears of a
            # rollback, and every transaction that only reads ends so.
            self.commit()
        else:
            super().rollback()

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server, but not for ever."""
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout as error:  # noqa: SLF001 - raised to callers, too.
            self._give_up()
            raise Silent("the server does not answer") from error

    def _give_up(self) -> None:
        """Close it: its answer may still come, and must not be taken for that of another question.

        The server does not notice until it has an answer. Whoever waits there for a lock kept one
        of its connections, and everybody who asked again another one, until none was left. So it is
        told, over another connection; one that is gone does not hear it.
        """
        if psycopg.capabilities.has_cancel_safe():
            with suppress(psycopg.Error):
                self.cancel_safe(timeout=CANCEL_SECONDS)
        self.close()


class Question(psycopg.Cursor[Any]):
    """A statement, and whatever has to go out before it."""

    connection: Link

    def execute(self, query: Any, params: Any = None, **options: Any) -> Question:
        """Ask, and wait for the answer."""
        if not self.connection.begins:
            return super().execute(query, params, **options)
        with self.connection.pipeline():
            self.connection.send_ahead()
            super().execute(query, params, **options)
        return self

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        """Ask the same with many values."""
        with self.connection.pipeline():
            self.connection.send_ahead()
            super().executemany(query, params_seq, **options)


class LongQuestion(psycopg.ServerCursor[Any]):
    """A statement whose answer is fetched by and by."""

    connection: Link

    def execute(self, query: Any, params: Any = None, **options: Any) -> LongQuestion:
        """Ask, and wait for the answer's beginning."""
        self.connection.send_ahead()
        return super().execute(query, params, **options)


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
    event.listen(engine, "checkout", _require_open)
    checks = _engine(server, Link, prepare_threshold=0, poolclass=NullPool)
    return Opened(
        engine,
        checks,
        begin_lasting=lambda link: link.begin(BEGIN_WRITE, LIMITS),
        begin_passing=lambda link: link.begin(BEGIN_WRITE, f"{LIMITS}, {PASSING}"),
        begin_reading=lambda link: link.begin(BEGIN_READ, LIMITS, only_reads=True),
        is_current=lambda _: True,
        was_lost=_was_lost,
        long=lambda link: link.cursor(f"long_{next(NUMBERS)}"),
    )


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
        connection = link.connect(**{**parameters, **NETWORK, **ways})
        connection.cursor_factory = Question
        connection.server_cursor_factory = LongQuestion
        return connection

    # Values are secrets or personal: never in an error's text.
    engine = create_engine(
        "postgresql+psycopg://", creator=connect, hide_parameters=True, **options
    )
    return engine


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
