"""Sessions: added, found by the digest of their id, closed.

The check of a session is what every request of every signed-in person costs. It is one statement
on one row of each of two tables, found by their numbers, compiled once and run on a plain
connection: an ORM query costs some 400 microseconds more, a compiled Core statement some 100.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import PoolProxiedConnection, bindparam, delete, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vestibule.db.engine import Opened, connected
from vestibule.db.errors import AlreadyExists, Conflict, StorageUnavailable, sentence
from vestibule.db.statements import Statement, Values, adding
from vestibule.db.sweeping import Over
from vestibule.db.users import THIS_SESSION, Users
from vestibule.db.work import Work
from vestibule.user import Session, User, micros, moment, number_of

MICROSECOND = timedelta(microseconds=1)
# To ask whether the file is still the same takes a quarter as long as the statement. Whoever puts
# another in its place takes longer than this.
TRUSTED_SECONDS = 0.001
COLUMNS = (
    *("id", "digest", "user_id", "created_at", "last_seen_at", "expires_at"),
    *("user_agent", "address", "amr", "proved_at"),
)
OWN = Session.user_id == bindparam("user_id")
ADD = Statement(adding(Session, *COLUMNS))
# Another process may have noted a later moment.
LATER = Statement(
    update(Session)
    .where(Session.id == bindparam("number"), Session.last_seen_at < bindparam("at"))
    .values(last_seen_at=bindparam("at"))
)
NEW: Values = {name: bindparam(f"new_{name}") for name in ("id", "digest", "amr", "proved_at")}
RENEW = Statement(update(Session).where(THIS_SESSION, OWN).values(NEW))
CLOSE = Statement(delete(Session).where(THIS_SESSION))
CLOSE_ALL = Statement(delete(Session).where(OWN, Session.digest != bindparam("but")))
CLOSE_EVERYBODYS = Statement(delete(Session))
CLOSE_ONE = Statement(delete(Session).where(OWN, Session.id == bindparam("number")))
WITH_DIGEST = Statement(select(Session).where(THIS_SESSION), of=Session)
OF_USER = Statement(
    select(Session).where(OWN).order_by(Session.last_seen_at.desc(), Session.id), of=Session
)
NEWEST = (Session.last_seen_at.desc(), Session.id.desc())
PLACES = Statement(
    select(Session.id, Session.user_agent, Session.address).where(OWN).order_by(*NEWEST)
)
SURPLUS = Statement(select(Session.id).where(OWN).order_by(*NEWEST).offset(bindparam("most")))


class Place(NamedTuple):
    """Where a session was opened."""

    user_agent: str | None
    address: str | None


class Visit(NamedTuple):
    """A session that was found open, and whose it is."""

    session_id: int
    user_id: int
    email: str
    pseudonym: str
    last_seen_at: datetime


@dataclass(slots=True, eq=False)
class _Held:
    """A thread's own connection: taking one from the pool would cost as much as the statement."""

    lent: PoolProxiedConnection
    driver: Any
    # When it was last seen to lead to what is there, by ``time.monotonic``.
    seen: float = 0.0


@lru_cache(maxsize=4)
def _micros_of(span: timedelta) -> int:
    # To divide takes four times as long as to remember; there are two of them, which never change.
    return span // MICROSECOND


class SessionCheck:
    """The statement that finds an open session, prepared for one database."""

    def __init__(self, opened: Opened) -> None:
        statement = (
            select(Session.id, Session.user_id, User.email, User.pseudonym, Session.last_seen_at)
            .join(User, User.id == Session.user_id)
            .where(
                THIS_SESSION,
                Session.expires_at > bindparam("now"),
                Session.last_seen_at > bindparam("idle_since"),
                # Also by today's setting, whatever it was when the session was opened.
                Session.created_at > bindparam("oldest"),
            )
        )
        compiled = statement.compile(opened.checks)
        self._opened = opened
        self._driver_error = opened.checks.dialect.loaded_dbapi.Error
        self._sql = str(compiled)
        # SQLite takes values by position; other drivers take them by name.
        order = getattr(compiled, "positiontup", None)
        self._arranged: Callable[[Any], Any] = itemgetter(*order) if order else lambda named: named
        self._local = threading.local()
        self._held: list[_Held] = []

    def __call__(
        self, digest: str, now: datetime, idle: timedelta, lifetime: timedelta
    ) -> Visit | None:
        """The open session with this digest, or ``None``.

        :raises StorageUnavailable: the database is locked or gone.
        """
        instant = micros(now)
        values = self._arranged(
            {
                "number": number_of(digest),
                "digest": digest,
                "now": instant,
                "idle_since": instant - _micros_of(idle),
                "oldest": instant - _micros_of(lifetime),
            }
        )
        try:
            # Neither the pool nor the cursor translates the driver's errors here.
            row = self._fetch(values)
        except (self._driver_error, DBAPIError, PoolTimeout) as error:
            raise StorageUnavailable(sentence(error)) from error
        return Visit(row[0], row[1], row[2], row[3], moment(row[4])) if row else None

    def close(self) -> None:
        """Give back the connections of all threads."""
        while self._held:
            self._held.pop().lent.close()

    def _fetch(self, values: Any) -> Any:
        held = self._held_connection()
        try:
            return self._ask(held or self._new_connection(), values)
        except _Lost:
            # A server that was restarted has closed every connection. Asking twice is harmless.
            if held is None:
                raise
            return self._ask(self._new_connection(), values)

    def _ask(self, held: _Held, values: Any) -> Any:
        try:
            cursor = held.driver.cursor()
            cursor.execute(self._sql, values)
            row = cursor.fetchone()
            cursor.close()
        except self._driver_error as error:
            lost = self._opened.was_lost(error, held.driver)
            self._let_go(held)
            if lost:
                raise _Lost(sentence(error)) from error
            raise
        return row

    def _held_connection(self) -> _Held | None:
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            return None
        now = time.monotonic()
        if held.lent.is_valid and now < held.seen + TRUSTED_SECONDS:
            return held
        if held.lent.is_valid and self._opened.is_current(held.lent.info):
            held.seen = now
            return held
        self._let_go(held)
        return None

    def _new_connection(self) -> _Held:
        lent = connected(self._opened.checks)
        held = self._local.held = _Held(lent, lent.dbapi_connection)
        self._held.append(held)
        return held

    def _let_go(self, held: _Held) -> None:
        self._local.held = None
        if held in self._held:
            self._held.remove(held)
            held.lent.invalidate()


class _Lost(StorageUnavailable):
    """The connection had been closed by the other side."""


@dataclass(slots=True)
class Sessions:
    """The ``sessions`` table, inside one transaction."""

    _work: Work
    _users: Users

    def add(self, **columns: Any) -> None:
        """Store a session.

        :raises Conflict: another one begins like this; the next id will not.
        """
        try:
            with self._work.translated():
                self._work.run(ADD, id=number_of(columns["digest"]), **columns)
        except AlreadyExists as error:
            raise Conflict("two sessions begin alike") from error

    def renew(self, user_id: int, old: str, new: str, amr: str, proved_at: datetime) -> bool:
        """Give the user's session another digest, and say whether there was one.

        Its age stays: what is proved again makes no session endless.

        :raises Conflict: another one begins like this; the next id will not.
        """
        self._users.lock(user_id)
        which = {"number": number_of(old), "digest": old, "user_id": user_id}
        told: Values = {"new_id": number_of(new), "new_digest": new, "new_amr": amr}
        told["new_proved_at"] = proved_at
        try:
            with self._work.translated():
                return self._work.run(RENEW, **which, **told) == 1
        except AlreadyExists as error:
            raise Conflict("two sessions begin alike") from error

    def touch(self, seen: dict[int, datetime]) -> None:
        """Note when these sessions, by number, were used; those that are gone stay gone.

        One that somebody ends in this moment is left alone, or two would wait for each other.
        """
        there = select(Session.id).where(Session.id.in_(seen)).order_by(Session.id)
        free = Statement(there.with_for_update(key_share=True, skip_locked=True))
        rows = [{"number": each, "at": seen[each]} for (each,) in self._work.all(free)]
        if rows:
            # All together: PostgreSQL is asked once, however many there are.
            self._work.run_all(LATER, rows)

    def close(self, digest: str) -> bool:
        """Remove the session with this digest, and say whether there was one."""
        return self._work.run(CLOSE, number=number_of(digest), digest=digest) > 0

    def close_all(self, user_id: int, *, but: str | None = None) -> None:
        """Remove every session of the user; the one with the digest ``but`` stays."""
        self._users.lock(user_id)
        self._work.run(CLOSE_ALL, user_id=user_id, but=but or "")

    def close_everybodys(self) -> None:
        """Remove every session."""
        self._work.run(CLOSE_EVERYBODYS)

    def close_one(self, user_id: int, public_id: str) -> bool:
        """Remove the user's session whose digest begins so, and say whether there was one."""
        self._users.lock(user_id)
        return self._work.run(CLOSE_ONE, user_id=user_id, number=number_of(public_id)) > 0

    def with_digest(self, digest: str) -> Session | None:
        """The session with this digest, over or not, or ``None``."""
        return self._work.first(WITH_DIGEST, number=number_of(digest), digest=digest)

    def of_user(self, user_id: int) -> list[Session]:
        """The user's sessions, the one used last first."""
        return self._work.all(OF_USER, user_id=user_id)

    def keep_newest(self, user_id: int, most: int, *, look: bool = False) -> list[Place]:
        """Remove the user's sessions but the ``most`` that were used last.

        :returns: where those were opened, if it is asked for: for no statement more.
        """
        if look:
            rows = self._work.all(PLACES, user_id=user_id)
            ids, places = [row[0] for row in rows[most:]], [Place(*row[1:]) for row in rows[:most]]
        else:
            surplus = self._work.all(SURPLUS, user_id=user_id, most=most)
            ids, places = [number for (number,) in surplus], []
        if ids:
            self._work.run(Statement(delete(Session).where(Session.id.in_(ids))))
        return places

    def over(self, now: datetime, idle: timedelta) -> Over:
        """The sessions whose time has come, or that were unused for ``idle``."""
        over = or_(Session.expires_at <= now, Session.last_seen_at <= now - idle)
        return Over(self._work, Session.id, over)
