"""An act on its way into the audit trail, and those that wait to be written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from vestibule.auth.caller import Caller
from vestibule.auth.crypto import digest
from vestibule.db import Transaction
from vestibule.records import AuditEvent
from vestibule.user import User

ACCEPTED = "accepted"
# Of a session's digest, as many digits as its owner is shown.
PUBLIC_DIGITS = 16
# Refused acts that are kept until a worker comes by, every other second.
MOST_WAITING = 10_000

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
    # Why it was refused.
    refusal: str | None = None

    def of(self, user: User | None) -> None:
        """Say whose act it is; it stays theirs when the account is gone."""
        if user is not None:
            self.user = user.pseudonym

    def by(self, user_id: int, session_id: str | None) -> None:
        """Say whose act it is, and through which open session they asked."""
        self.user_id = user_id
        self.through(session_id)

    def through(self, session_id: str | None) -> None:
        """Name an open session, by its public id."""
        self.session = digest(session_id)[:PUBLIC_DIGITS] if session_id else None

    def accept(self, tx: Transaction, outcome: str = ACCEPTED) -> None:
        """Have the act recorded as done, if and only if ``tx`` commits.

        Say whose it is before. Of an account that goes in ``tx``, that is before it goes.
        """
        row = self.row(tx, outcome)
        tx.before_commit(lambda: self._append(tx, [row]))

    def refuse(self, code: str) -> None:
        """Have the act recorded as refused, where no refusal is raised."""
        self.refusal = code

    def row(self, tx: Transaction, outcome: str) -> AuditEvent:
        """What will stand in the trail, but for its number and digest."""
        if self.user is None and (self.user_id is not None or self.email_key is not None):
            self.user = tx.audit.pseudonym(user_id=self.user_id, email_key=self.email_key)
        return AuditEvent(
            at=self.at,
            act=self.name,
            outcome=outcome,
            user=self.user,
            session=self.session,
            origin=self.caller.origin,
            request_id=self.caller.request_id,
        )


class Waiting:
    """Refused acts of this process that are not written yet: a limited number."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._acts: list[Act] = []
        self._dropped = 0
        self._lock = Lock()

    def add(self, act: Act) -> None:
        """Keep ``act``; if there are too many already, only count it."""
        with self._lock:
            if len(self._acts) < self._most:
                self._acts.append(act)
            else:
                self._dropped += 1

    def first(self, most: int) -> tuple[list[Act], int]:
        """The first of them, which stay, and how many were not kept."""
        with self._lock:
            return self._acts[:most], self._dropped

    def written(self, acts: int, dropped: int) -> None:
        """Forget the first ``acts``, and that ``dropped`` were not kept."""
        with self._lock:
            del self._acts[:acts]
            self._dropped -= dropped
