"""The only SQL: ``DB`` opens transactions, and the tables inside them are its methods' words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import PoolProxiedConnection, inspect, select, text
from sqlalchemy.exc import InvalidRequestError, NoResultFound

from vestibule.config import Database, SQLiteFile
from vestibule.db import sqlite
from vestibule.db.audit import Audit
from vestibule.db.engine import Opened, connected
from vestibule.db.errors import AlreadyExists, Conflict, StorageUnavailable, translated
from vestibule.db.factors import Factors
from vestibule.db.logins import Logins
from vestibule.db.outbox import Outbox
from vestibule.db.passkeys import Passkeys
from vestibule.db.rate_limits import RateLimits
from vestibule.db.sessions import Place, SessionCheck, Sessions, Visit
from vestibule.db.sqlite import SQLITE_VERSION
from vestibule.db.statements import Statement
from vestibule.db.sweeping import Over
from vestibule.db.tokens import Tokens
from vestibule.db.users import Users
from vestibule.db.work import Work
from vestibule.user import User

__all__ = [
    "DB",
    "SQLITE_VERSION",
    "AlreadyExists",
    "Conflict",
    "Place",
    "StorageUnavailable",
    "Transaction",
    "Visit",
]
REVISION = Statement(text("SELECT version_num FROM alembic_version"))


@dataclass(slots=True)
class Transaction:
    """What can be read and written together: all of it is stored, or none."""

    users: Users
    sessions: Sessions
    logins: Logins
    factors: Factors
    passkeys: Passkeys
    tokens: Tokens
    outbox: Outbox
    rate_limits: RateLimits
    audit: Audit
    _at_end: list[Callable[[], object]] = field(default_factory=list)
    _afterwards: list[Callable[[], object]] = field(default_factory=list)

    def before_commit(self, call: Callable[[], object]) -> None:
        """Have ``call`` made at the very end, as a part of the transaction."""
        self._at_end.append(call)

    def complete(self) -> None:
        """Make the calls that waited for the end."""
        for call in self._at_end:
            call()

    def after_commit(self, call: Callable[[], object]) -> None:
        """Have ``call`` made when all of it is stored; never, if it is not."""
        self._afterwards.append(call)

    def committed(self) -> None:
        """Make the calls that waited for the commit."""
        for call in self._afterwards:
            call()


class DB:
    """The database. Safe to share between threads: each transaction has a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._opened = _opened(database)
        self._engine = self._opened.engine
        self._driver = self._engine.dialect.loaded_dbapi
        self._check_session = SessionCheck(self._opened)
        self._closed = False

    def add_user(self, email: str, hashed_password: str, **columns: Any) -> User:
        """Store a new user and return it.

        :raises AlreadyExists: the address has an account.
        """
        with self.begin() as tx:
            return tx.users.add(email=email, hashed_password=hashed_password, **columns)

    def find_user_by(self, **columns: Any) -> User:
        """The first user whose columns have these values.

        :raises NoResultFound: nobody has them.
        :raises InvalidRequestError: there is no such column, or none was named.
        """
        if not columns:
            raise InvalidRequestError("no column was named")
        found = select(User).filter_by(**columns).order_by(User.id).limit(1)
        with self._lent() as lent:
            user: User | None = self._work(lent).first(Statement(found, of=User))
        if user is None:
            raise NoResultFound
        return user

    def update_user(self, user_id: int, **columns: Any) -> None:
        """Change these columns of the user.

        :raises ValueError: there is no such column; nothing is changed.
        :raises NoResultFound: there is no such user.
        """
        unknown = columns.keys() - inspect(User).column_attrs.keys()
        if unknown:
            raise ValueError(f"User has no {', '.join(sorted(unknown))}")
        with self.begin() as tx:
            user = tx.users.get(user_id)
            if user is None:
                raise NoResultFound
            tx.users.change(user, **columns)

    def find_session(
        self, digest: str, now: datetime, *, idle: timedelta, lifetime: timedelta
    ) -> Visit | None:
        """The open session with this digest, or ``None``: one statement, one row, no write.

        :raises StorageUnavailable: the database is locked or gone.
        """
        return self._check_session(digest, now, idle, lifetime)

    @contextmanager
    def begin(self, *, lasting: bool = True) -> Iterator[Transaction]:
        """A transaction that may write. It commits at the end, or rolls back on any exception.

        On PostgreSQL others write at the same time: a user who is read in it is locked until its
        end, and so is what that user owns (see ``Users``).

        :param lasting: whether it must survive a power cut, and PostgreSQL's own crash. What nobody
            was promised need not wait for the disk, which is half of such a commit.
        :raises Conflict: another transaction was in the way; nothing was stored.
        :raises StorageUnavailable: the database is locked, full or gone; nothing was stored.
        """
        begin = self._opened.begin_lasting if lasting else self._opened.begin_passing
        with self._opened.turn(), self._lent() as lent:
            with self._transaction(lent, begin):
                tx = _tables(self._work(lent, writing=True))
                yield tx
                tx.complete()
            # A file deleted or replaced meanwhile took the commit with it: do not acknowledge it.
            if not self._opened.is_current(lent.info):
                self._engine.dispose()
                raise StorageUnavailable("the database file was replaced")
        tx.committed()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads, and waits for no writer."""
        with self._lent() as lent, self._transaction(lent, self._opened.begin_reading):
            yield _tables(self._work(lent))

    @contextmanager
    def look(self) -> Iterator[Transaction]:
        """The same for one statement alone: two would not see the same moment on PostgreSQL.

        There it is one round trip, where beginning and ending a transaction makes two.
        """
        with self._lent() as lent:
            yield _tables(self._work(lent))

    @contextmanager
    def _lent(self) -> Iterator[PoolProxiedConnection]:
        """A connection, given back afterwards; the driver's errors are told in our words."""
        with translated(self._driver):
            lent = connected(self._engine)
            try:
                yield lent
            except BaseException:
                self._undo(lent)
                raise
            finally:
                if self._closed:
                    # The pool that it came from was given up: nobody would close it.
                    lent.invalidate()
                lent.close()

    @contextmanager
    def _transaction(
        self, lent: PoolProxiedConnection, begin: Callable[[Any], object]
    ) -> Iterator[None]:
        """Around what is done in a transaction, committed at the end."""
        driver: Any = lent.dbapi_connection
        begin(driver)
        yield
        driver.commit()

    def _undo(self, lent: PoolProxiedConnection) -> None:
        driver: Any = lent.dbapi_connection
        try:
            driver.rollback()
        except self._driver.Error:
            # Nobody knows what it would do next. The server undoes what it does not hear of.
            lent.invalidate()

    def _work(self, lent: PoolProxiedConnection, *, writing: bool = False) -> Work:
        return Work(lent.dbapi_connection, self._engine.dialect, self._opened.long, writing)

    def sweep(self, over: Callable[[Transaction], Over], most: int) -> bool:
        """Remove up to ``most`` of the rows that are over, and say whether there may be more.

        :raises Conflict: another transaction was in the way; nothing was removed.
        """
        with self.read() as tx:
            # Looking first keeps an idle service from taking the write lock.
            if not over(tx).there():
                return False
        with self.begin() as tx:
            return over(tx).remove(most) == most

    def schema(self) -> str | None:
        """The revision that the tables are at, or ``None`` if there are none.

        :raises StorageUnavailable: the database cannot be read.
        """
        with self._lent() as lent, self._transaction(lent, self._opened.begin_reading):
            revision: str | None = self._work(lent).value(REVISION)
        return revision

    def close(self) -> None:
        """Give back every connection, those that are in use as soon as they are not."""
        self._closed = True
        self._check_session.close()
        self._opened.close()


def _tables(work: Work) -> Transaction:
    users = Users(work)
    factors = Factors(work, users)
    return Transaction(
        users,
        Sessions(work, users),
        Logins(work, users),
        factors,
        Passkeys(work, users, factors),
        Tokens(work, users),
        Outbox(work),
        RateLimits(work),
        Audit(work),
    )


def _opened(database: Database) -> Opened:
    if isinstance(database, SQLiteFile):
        return sqlite.opened(database.path)
    # Its driver costs every worker some megabytes: only where it is used.
    from vestibule.db import postgresql  # noqa: PLC0415

    return postgresql.opened(database)
