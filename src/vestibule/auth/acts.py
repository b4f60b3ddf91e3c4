"""An act on its way into the audit trail, and those that wait to be written.

What is being done now is known to every room that is asked meanwhile (``acting``). So whichever
finds out who asks can say so, and the one that changes something can have the act accepted with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from vestibule.auth.caller import Caller
from vestibule.auth.crypto import digest
from vestibule.db import Transaction
from vestibule.records import AuditEvent
from vestibule.user import User

ACCEPTED = "accepted"
# Of a session's digest, as many digits as its owner is shown.
PUBLIC_DIGITS = 16
# Acts that wait for a worker, which comes by every other second; and in each minute. Without an end
# to it, a flood that costs its sender nothing would fill the disk. One sender fills only a part of
# it, so that nobody hides among others' acts, and what was accepted never makes room for refusals.
MOST_WAITING = 5000
MOST_OF_ONE = 500
MINUTE = timedelta(minutes=1)

Append = Callable[[Transaction, list[AuditEvent]], None]


@dataclass
class Act:
    """What is being recorded. Name the user in one of three ways, as far as one is known."""

    name: str
    at: datetime
    caller: Caller
    _append: Append
    # A pseudonym; or a number or a comparison key, which are looked up when the row is written.
    user: str | None = None
    user_id: int | None = None
    email_key: str | None = None
    session: str | None = None
    # What is written later: why it was refused, or that it was accepted and changed nothing.
    outcome: str | None = None
    # In its own transaction, with an outcome of its own.
    written: bool = False

    def of(self, user: User | None) -> None:
        """Say whose act it is; it stays theirs when the account is gone."""
        if user is not None:
            self.user = user.pseudonym

    def by(self, user_id: int, session_id: str | None, pseudonym: str | None = None) -> None:
        """Say whose act it is, and through which open session they asked.

        :param pseudonym: theirs, where it is known and need not be looked up.
        """
        self.user_id, self.user = user_id, pseudonym
        self.session = digest(session_id)[:PUBLIC_DIGITS] if session_id else None

    def opened(self, session_id: str) -> None:
        """Name the session that it opens, unless they asked through another."""
        self.session = self.session or digest(session_id)[:PUBLIC_DIGITS]

    def accept(self, tx: Transaction, outcome: str = ACCEPTED) -> None:
        """Have the act recorded as done, if and only if ``tx`` commits.

        Say whose it is before. Of an account that goes in ``tx``, that is before it goes.
        """
        self._look_up(tx)

        def write() -> None:
            self.written = True
            self._append(tx, [self.row(tx, outcome)])

        tx.before_commit(write)

    def refuse(self, code: str) -> None:
        """Have the act recorded as refused, where no refusal is raised."""
        self.outcome = code

    def allow(self) -> None:
        """Have the act recorded as accepted, where nothing is written."""
        self.outcome = ACCEPTED

    def row(self, tx: Transaction, outcome: str) -> AuditEvent:
        """What will stand in the trail, but for its number and digest."""
        self._look_up(tx)
        return AuditEvent(
            at=self.at,
            act=self.name,
            outcome=outcome,
            user=self.user,
            session=self.session,
            origin=self.caller.origin,
            request_id=self.caller.request_id,
        )

    def _look_up(self, tx: Transaction) -> None:
        if self.user is None and (self.user_id is not None or self.email_key is not None):
            self.user = tx.audit.pseudonym(user_id=self.user_id, email_key=self.email_key)
            # Once, found or not: who asks about an address must not see by the time which.
            self.user_id = self.email_key = None


class Unrecorded(Act):
    """What nobody records, such as a look at one's own profile: nothing becomes of it."""

    def accept(self, tx: Transaction, outcome: str = ACCEPTED) -> None:
        """Write nothing."""


current: ContextVar[Act | None] = ContextVar("act", default=None)


def acting() -> Act:
    """The act that is being recorded now."""
    return current.get() or Unrecorded("", datetime.min.replace(tzinfo=UTC), Caller(), _nowhere)


def _nowhere(tx: Transaction, rows: list[AuditEvent]) -> None:
    """Where an unrecorded act goes."""


class Waiting:
    """Acts of this process that are not written yet: a limited number, at once and each minute."""

    def __init__(self, most: int = MOST_WAITING, of_one: int = MOST_OF_ONE) -> None:
        self._most, self._of_one = most, of_one
        self._acts: list[Act] = []
        self._dropped = 0
        self._lock = Lock()
        self._since = datetime.min.replace(tzinfo=UTC)
        self._kept: Counter[tuple[str | None, bool]] = Counter()

    def add(self, act: Act) -> None:
        """Keep ``act``; if there are too many already, only count it."""
        with self._lock:
            if abs(act.at - self._since) >= MINUTE:  # A clock may also be set back.
                self._since = act.at
                self._kept.clear()
            sender = act.caller.origin, act.outcome == ACCEPTED
            kept = self._kept[sender] < self._of_one and self._kept.total() < self._most
            if kept and len(self._acts) < self._most:
                self._kept[sender] += 1
                self._acts.append(act)
            else:
                self._dropped += 1

    def first(self, most: int) -> tuple[list[Act], int]:
        """The first of them, which stay, and, if these are all, how many were not kept."""
        with self._lock:
            return self._acts[:most], self._dropped if len(self._acts) <= most else 0

    def written(self, acts: int, dropped: int) -> None:
        """Forget the first ``acts``, and that ``dropped`` were not kept."""
        with self._lock:
            del self._acts[:acts]
            self._dropped -= dropped
