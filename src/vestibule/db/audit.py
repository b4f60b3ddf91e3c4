"""The audit trail: rows that are appended, and removed at the old end; never changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vestibule.db.errors import StorageUnavailable
from vestibule.records import AuditEvent, AuditMark
from vestibule.user import User, micros

HEAD, TAIL = "head", "tail"
# Rows that are fetched together: a trail of a year is never in memory as a whole.
PAGE = 1000
# Written out, in words that SQLite and PostgreSQL both know: SQLAlchemy's for a conflict are in the
# dialect of each, and PostgreSQL's cost 2 MB in every worker that stands on SQLite. Every act is
# written down: as objects, row and mark took a good part of the time that a login has.
FIRST = text("""
    INSERT INTO audit_marks (mark, event_id, digest, seal) VALUES (:mark, 0, '', '')
    ON CONFLICT DO NOTHING
    """)
FOUND = "SELECT mark, event_id, digest, seal FROM audit_marks WHERE mark = :mark"
# SQLite has one writer, and no word for it.
LOCKED = {"sqlite": text(FOUND), "postgresql": text(f"{FOUND} FOR UPDATE")}
MOVE = text("""
    INSERT INTO audit_marks (mark, event_id, digest, seal)
    VALUES (:mark, :event_id, :digest, :seal)
    ON CONFLICT (mark) DO UPDATE
    SET event_id = excluded.event_id, digest = excluded.digest, seal = excluded.seal
    """)
APPEND = text("""
    INSERT INTO audit_events (id, at, act, outcome, "user", session, origin, request_id, digest)
    VALUES (:id, :at, :act, :outcome, :user, :session, :origin, :request_id, :digest)
    """)
MARK = ("mark", "event_id", "digest", "seal")
COLUMNS = ("id", "act", "outcome", "user", "session", "origin", "request_id", "digest")


@dataclass(frozen=True)
class Audit:
    """The ``audit_events`` and ``audit_marks`` tables, inside one transaction."""

    _work: Session

    def lock_head(self) -> AuditMark:
        """The mark of the newest row, which nobody else moves until the transaction ends."""
        newest = LOCKED[self._work.get_bind().dialect.name]
        head = self._work.execute(newest, {"mark": HEAD}).one_or_none()
        if head is None:
            self._begin()
            head = self._work.execute(newest, {"mark": HEAD}).one()
        return AuditMark(**dict(zip(MARK, head, strict=True)))

    def mark(self, name: str) -> AuditMark | None:
        """The mark of this name, or ``None``."""
        return self._work.get(AuditMark, name)

    def move(self, name: str, event_id: int, digest: str, seal: str) -> None:
        """Put the mark at this row."""
        place = {"event_id": event_id, "digest": digest, "seal": seal}
        self._work.execute(MOVE, {"mark": name, **place})

    def append(self, rows: Sequence[AuditEvent]) -> None:
        """Add these rows after the newest.

        :raises StorageUnavailable: there are rows with their numbers.
        """
        stored = [
            {"at": micros(row.at), **{name: getattr(row, name) for name in COLUMNS}} for row in rows
        ]
        try:
            self._work.execute(APPEND, stored)
        except IntegrityError as error:
            # Not the caller's doing, and no other name for it: somebody else wrote into the trail.
            raise StorageUnavailable("the audit trail holds rows after its newest") from error

    def newest(
        self, most: int = 1, user: str | None = None, before: int | None = None
    ) -> list[AuditEvent]:
        """The newest rows, newest first; of this pseudonym, with a number below ``before``."""
        rows = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(most)
        if before is not None:
            rows = rows.where(AuditEvent.id < before)
        return list(self._work.scalars(rows if user is None else rows.where(_of(user))))

    def oldest(self, most: int) -> list[AuditEvent]:
        """The oldest rows, oldest first."""
        return list(self._work.scalars(select(AuditEvent).order_by(AuditEvent.id).limit(most)))

    def remove_through(self, event_id: int) -> None:
        """Remove the rows up to and with this one."""
        self._work.execute(delete(AuditEvent).where(AuditEvent.id <= event_id))

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
            rows = rows.where(_of(user))
        if since is not None:
            rows = rows.where(AuditEvent.at >= since)
        if until is not None:
            rows = rows.where(AuditEvent.at < until)
        # Closed when the caller has seen enough: PostgreSQL keeps a cursor for what is left.
        with self._work.scalars(rows.execution_options(yield_per=PAGE)) as found:
            yield from found

    def pseudonym(self, *, user_id: int | None = None, email_key: str | None = None) -> str | None:
        """What the trail calls the user with this number or address; nobody: ``None``."""
        if "\0" in (email_key or ""):
            # No account has it, and PostgreSQL takes no text with it.
            return None
        column = User.id == user_id if user_id is not None else User.email_key == email_key
        return self._work.scalar(select(User.pseudonym).where(column))

    def known(self, pseudonym: str) -> bool:
        """Whether the trail tells of somebody with this pseudonym."""
        return bool(self._work.scalar(select(exists().where(_of(pseudonym)))))

    def _begin(self) -> None:
        # Of two that begin at once on PostgreSQL, the second waits and then finds it there.
        self._work.execute(FIRST, {"mark": HEAD})


def _of(user: str) -> ColumnElement[bool]:
    return AuditEvent.user == user
