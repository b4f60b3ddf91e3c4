#!/usr/bin/env python3
"""How it is stored: the only file that speaks to the database."""
from functools import wraps
from threading import RLock
from typing import Any, Callable, TypeVar, cast
from weakref import WeakKeyDictionary

from sqlalchemy import create_engine, text
from sqlalchemy.exc import InvalidRequestError, OperationalError
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import NoResultFound, StaleDataError
from sqlalchemy.pool import NullPool

from user import Base, User

COLUMNS = frozenset(column.name for column in User.__table__.columns)
Method = TypeVar("Method", bound=Callable[..., Any])


def _transaction(method: Method) -> Method:
    """Run ``method`` as one transaction: all of it is stored, or nothing."""
    @wraps(method)
    def run(self: "DB", *args: Any, **kwargs: Any) -> Any:
        """Run the method, and give the connection back whatever happens."""
        for last in (False, False, True):
            with self._lock:
                try:
                    # A connection that a reader left open may still hold a
                    # file that another process has deleted: take a new one.
                    self._session.commit()
                    result = method(self, *args, **kwargs)
                    self._session.commit()
                    return result
                except NoResultFound:
                    self._session.commit()
                    raise
                except (OperationalError, StaleDataError):
                    # Another process dropped the table, the row or the file:
                    # let go of objects whose rows are gone, and start again.
                    self._session.close()
                    if last:
                        raise
                    self._create_tables()
                except BaseException:
                    # Without this, one refused insert would make every later
                    # request of this thread fail as well.
                    self._session.rollback()
                    raise
    return cast(Method, run)


class DB:
    """The users, kept in the SQLite file ``a.db`` of the working directory.

    Every thread has a session of its own, because a session is a conversation
    with the database and two speakers would garble it. Every public method
    ends its transaction, so that no request leaves a connection behind.
    """

    def __init__(self) -> None:
        """Start with an empty table."""
        self._engine = create_engine(
            "sqlite:///a.db",
            # A new connection for each transaction costs 0.1 ms, and always
            # opens the file that is there now.
            poolclass=NullPool,
            # The garbage collector may close a connection in any thread.
            connect_args={"check_same_thread": False, "timeout": 30})
        # expire_on_commit would read objects again through the session of the
        # thread that made them, which may be busy, or gone.
        self._sessions = scoped_session(
            sessionmaker(bind=self._engine, expire_on_commit=False))
        # SQLite takes one writer at a time: queue here, not in its errors.
        self._lock = RLock()
        # The objects that callers still hold, and the row each one shows.
        self._copies: "WeakKeyDictionary[User, int]" = WeakKeyDictionary()
        self._create_tables(drop_first=True)

    @property
    def _session(self) -> Session:
        """Return the session of the current thread."""
        return self._sessions()

    def _create_tables(self, drop_first: bool = False) -> None:
        """Create the table unless it is there, at one stroke for others."""
        with self._engine.begin() as connection:
            connection.execute(text("BEGIN IMMEDIATE"))
            if drop_first:
                Base.metadata.drop_all(connection)
            Base.metadata.create_all(connection)

    @_transaction
    def add_user(self, email: str, hashed_password: str) -> User:
        """Store a new user and return it."""
        user = User(email=email, hashed_password=hashed_password)
        self._session.add(user)
        self._session.commit()
        self._copies[user] = user.id
        return user

    @_transaction
    def find_user_by(self, **kwargs: Any) -> User:
        """Return the first user whose columns have these values.

        :raises NoResultFound: nobody has them.
        :raises InvalidRequestError: a column is unknown, or none is named.
        """
        if not kwargs or not COLUMNS.issuperset(kwargs):
            raise InvalidRequestError("Name columns of the table of users.")
        query = self._session.query(User).populate_existing()
        try:
            user = query.filter_by(**kwargs).order_by(User.id).first()
        except (UnicodeEncodeError, OverflowError):
            # SQLite cannot hold such a text or number, so no row has it.
            user = None
        if user is None:
            raise NoResultFound("No user has these values.")
        self._copies[user] = user.id
        return user

    @_transaction
    def update_user(self, user_id: int, **kwargs: Any) -> None:
        """Change columns of one user.

        :raises NoResultFound: nobody has this id.
        :raises ValueError: a column is unknown; then nothing is changed.
        """
        if not COLUMNS.issuperset(kwargs):
            raise ValueError("A user has no such attribute.")
        user = self.find_user_by(id=user_id)
        for name, value in kwargs.items():
            setattr(user, name, value)
        self._session.commit()
        # Other threads may hold objects that show the same row: an object
        # must not go on showing a session that has ended.
        for copy, copied_id in list(self._copies.items()):
            if copied_id == user.id:
                for name, value in kwargs.items():
                    set_committed_value(copy, name, value)
