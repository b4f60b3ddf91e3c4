"""The only SQL: ``DB`` opens transactions, and the tables inside them are its methods' words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import inspect, select, text
from sqlalchemy.exc import InvalidRequestError, NoResultFound
from sqlalchemy.orm import Session as Work

from vestibule.config import Database, SQLiteFile
from vestibule.db import sqlite
from vestibule.db.audit import Audit
from vestibule.db.engine import Opened, alone, writing
from vestibule.db.errors import AlreadyExists, Conflict, StorageUnavailable, translated
from vestibule.db.outbox import Outbox
from vestibule.db.rate_limits import RateLimits
from vestibule.db.sessions import SessionCheck, Sessions, Visit
from vestibule.db.sqlite import SQLITE_VERSION
from vestibule.db.sweeping import Over
from vestibule.db.tokens import Tokens
from vestibule.db.users import Users
from vestibule.user import User

__all__ = [
    "DB",
    "SQLITE_VERSION",
    "AlreadyExists",
    "Conflict",
    "StorageUnavailable",
    "Transaction",
    "Visit",
]


@dataclass(frozen=True)
class Transaction:
    """What can be read and written together: all of it is stored, or none."""

    users: Users
    sessions: Sessions
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
        # Made once: with all their listeners that takes as long as a statement.
        self._writing, self._alone = writing(self._engine), alone(self._engine)
        self._check_session = SessionCheck(self._opened)

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
        with translated(), Work(self._engine, expire_on_commit=False) as work:
            user = work.scalars(select(User).filter_by(**columns).order_by(User.id)).first()
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
            for name, value in columns.items():
                setattr(user, name, value)

    def find_session(
        self, digest: str, now: datetime, *, idle: timedelta, lifetime: timedelta
    ) -> Visit | None:
        """The open session with this digest, or ``None``: one statement, one row, no write.

        :raises StorageUnavailable: the database is locked or gone.
        """
        return self._check_session(digest, now, idle, lifetime)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that may write. It commits at the end, or rolls back on any exception.

        On PostgreSQL others write at the same time: a user who is read in it is locked until its
        end, and so is what that user owns (see ``Users``).

        :raises Conflict: another transaction was in the way; nothing was stored.
        :raises StorageUnavailable: the database is locked, full or gone; nothing was stored.
        """
        with (
            self._opened.turn(),
            translated(),
            Work(self._writing, expire_on_commit=False) as work,
        ):
            with work.begin():
                info = dict(work.connection().info)
                self._require_current(info)
                tx = _tables(work)
                yield tx
                tx.complete()
            # A file deleted or replaced meanwhile took the commit with it: do not acknowledge it.
            self._require_current(info)
        tx.committed()

    def _require_current(self, info: object) -> None:
        if not self._opened.is_current(info):
            self._engine.dispose()
            raise StorageUnavailable("the database file was replaced")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads, and waits for no writer."""
        with translated(), Work(self._engine, expire_on_commit=False) as work:
            yield _tables(work, writing=False)

    @contextmanager
    def look(self) -> Iterator[Transaction]:
        """The same for one statement alone: two would not see the same moment on PostgreSQL.

        There it is one round trip, where beginning and ending a transaction makes two.
        """
        with translated(), Work(self._alone, expire_on_commit=False) as work:
            yield _tables(work, writing=False)

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
        with translated(), self._engine.connect() as connection:
            version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return version

    def close(self) -> None:
        """Give back every connection."""
        self._check_session.close()
        self._opened.close()


def _tables(work: Work, *, writing: bool = True) -> Transaction:
    users = Users(work, writing)
    return Transaction(
        users,
        Sessions(work, users),
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
