"""The audit trail: rows that are appended, and removed at the old end; never changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from sqlalchemy import bindparam, delete, exists, select, text

from vestibule.db.errors import AlreadyExists, StorageUnavailable
from vestibule.db.statements import Statement, adding
from vestibule.db.work import Work
from vestibule.records import AuditEvent, AuditMark
from vestibule.user import User

HEAD, TAIL = "head", "tail"
COLUMNS = (
    *("id", "at", "act", "outcome", "user", "session"),
    *("origin", "request_id", "digest"),
)
values_of = attrgetter(*COLUMNS)
# Written out, in words that SQLite and PostgreSQL both know: SQLAlchemy's for a conflict are in the
# dialect of each, and PostgreSQL's cost 2 MB in every worker that stands on SQLite.
FIRST = Statement(
    text("""
    INSERT INTO audit_marks (mark, event_id, digest, seal) VALUES (:mark, 0, '', '')
    ON CONFLICT DO NOTHING
    """)
)
MOVE = Statement(
    text("""
    INSERT INTO audit_marks (mark, event_id, digest, seal)
    VALUES (:mark, :event_id, :digest, :seal)
    ON CONFLICT (mark) DO UPDATE
    SET event_id = excluded.event_id, digest = excluded.digest, seal = excluded.seal
    """)
)
A_MARK = select(AuditMark).where(AuditMark.mark == bindparam("mark"))
MARK, MARK_LOCKED = (
    Statement(A_MARK, of=AuditMark),
    Statement(A_MARK.with_for_update(), of=AuditMark),
)
APPEND = Statement(adding(AuditEvent, *COLUMNS))
NEWEST_FIRST = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(bindparam("most"))
THEIRS = AuditEvent.user == bindparam("user")
BEFORE = AuditEvent.id < bindparam("before")
# By whether they are of one user, and before a row.
NEWEST = {
    (False, False): Statement(NEWEST_FIRST, of=AuditEvent),
    (True, False): Statement(NEWEST_FIRST.where(THEIRS), of=AuditEvent),
    (False, True): Statement(NEWEST_FIRST.where(BEFORE), of=AuditEvent),
    (True, True): Statement(NEWEST_FIRST.where(THEIRS, BEFORE), of=AuditEvent),
}
OLDEST = Statement(
    select(AuditEvent).order_by(AuditEvent.id).limit(bindparam("most")), of=AuditEvent
)
REMOVE_THROUGH = Statement(delete(AuditEvent).where(AuditEvent.id <= bindparam("event_id")))
BY_NUMBER = Statement(select(User.pseudonym).where(User.id == bindparam("user_id")))
BY_KEY = Statement(select(User.pseudonym).where(User.email_key == bindparam("email_key")))
KNOWN = Statement(select(exists().where(THEIRS)))


@dataclass(slots=True)
class Audit:
    """The ``audit_events`` and ``audit_marks`` tables, inside one transaction."""

    _work: Work

    def lock_head(self) -> AuditMark:
        """The mark of the newest row, which nobody else moves until the transaction ends."""
        head: AuditMark | None = self._work.first(MARK_LOCKED, mark=HEAD)
        if head is None:
            # Of two that begin at once on PostgreSQL, the second waits and then finds it there.
            self._work.run(FIRST, mark=HEAD)
            (head,) = self._work.all(MARK_LOCKED, mark=HEAD)
        return head

    def mark(self, name: str) -> AuditMark | None:
        """The mark of this name, or ``None``."""
        return self._work.first(MARK, mark=name)

    def move(self, name: str, event_id: int, digest: str, seal: str) -> None:
        """Put the mark at this row."""
        self._work.run(MOVE, mark=name, event_id=event_id, digest=digest, seal=seal)

    def append(self, rows: Sequence[AuditEvent]) -> None:
        """Add these rows after the newest.

        :raises StorageUnavailable: there are rows with their numbers.
        """
        stored = [dict(zip(COLUMNS, values_of(row), strict=True)) for row in rows]
        try:
            with self._work.translated():
                self._work.run_all(APPEND, stored)
        except AlreadyExists as error:
            # Not the caller's doing, and no other name for it: somebody else wrote into the trail.
            raise StorageUnavailable("the audit trail holds rows after its newest") from error

    def newest(
        self, most: int = 1, user: str | None = None, before: int | None = None
    ) -> list[AuditEvent]:
        """The newest rows, newest first; of this pseudonym, with a number below ``before``."""
        named = {"user": user, "before": before}
        given = {name: value for name, value in named.items() if value is not None}
        return self._work.all(NEWEST["user" in given, "before" in given], most=most, **given)

    def oldest(self, most: int) -> list[AuditEvent]:
        """The oldest rows, oldest first."""
        return self._work.all(OLDEST, most=most)

    def remove_through(self, event_id: int) -> None:
        """Remove the rows up to and with this one."""
        self._work.run(REMOVE_THROUGH, event_id=event_id)

    def all(
        self,
        *,
        user: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditEvent]:
        """The rows, oldest first: of this pseudonym, from ``since`` on, before ``until``."""
        rows = select(AuditEvent).order_by(AuditEvent.id)
        if user is not None:
            rows = rows.where(AuditEvent.user == user)
        if since is not None:
            rows = rows.where(AuditEvent.at >= since)
        if until is not None:
            rows = rows.where(AuditEvent.at < until)
        yield from self._work.by_and_by(Statement(rows, of=AuditEvent))

    def pseudonym(self, *, user_id: int | None = None, email_key: str | None = None) -> str | None:
        """What the trail calls the user with this number or address; nobody: ``None``."""
        if "\0" in (email_key or ""):
            # No account has it, and PostgreSQL takes no text with it.
            return None
        if user_id is not None:
            return self._work.value(BY_NUMBER, user_id=user_id)
        return self._work.value(BY_KEY, email_key=email_key)

    def known(self, pseudonym: str) -> bool:
        """Whether the trail tells of somebody with this pseudonym."""
        return bool(self._work.value(KNOWN, user=pseudonym))
