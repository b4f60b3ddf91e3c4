"""The audit trail: one row for every act that was accepted or refused.

An accepted act is written in the transaction that does it, at its very end: what was acknowledged
has its row, and what has its row was done. A refused act changed nothing, so it is written a moment
later, many together: who floods the service with wrong passwords buys no write for each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps
from threading import Lock
from typing import Any, Concatenate, ParamSpec, TypeVar

from vestibule.auth.acts import Act, Waiting, current
from vestibule.auth.caller import Caller
from vestibule.auth.chain import HEAD, LOST_HEAD, START, TAIL, Chain, Place
from vestibule.auth.errors import Refusal
from vestibule.config import Clock
from vestibule.db import DB, Transaction
from vestibule.records import AuditEvent

log = logging.getLogger(__name__)
Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

# Refused acts that found no room to wait: how many.
DROPPED = "audit.dropped"
# Rows that are written in one transaction: other writers never wait long.
BATCH = 500


@dataclass(frozen=True)
class Audit:
    """The trail, as the rooms that write into it see it."""

    _db: DB
    _clock: Clock
    _chain: Chain
    # Who asks now.
    _caller: Callable[[], Caller]
    _retention: timedelta
    _waiting: Waiting = field(default_factory=Waiting)
    _writing: Lock = field(default_factory=Lock)

    @contextmanager
    def recording(self, name: str) -> Iterator[Act]:
        """Record the act that is tried inside: with ``accept``, or by the refusal that is raised.

        What fails otherwise, for want of the database for example, was neither, and leaves no row.
        """
        act = Act(name, self._clock(), self._caller(), self._append)
        outer = current.set(act)
        try:
            yield act
        except Refusal as refusal:
            act.refuse(refusal.code)
            raise
        finally:
            current.reset(outer)
            if act.outcome and not act.written:
                self._waiting.add(act)

    def refuse(self, name: str, code: str) -> None:
        """Record an act that was refused before anybody looked who asks."""
        with self.recording(name) as act:
            act.refuse(code)

    def of_user(self, pseudonym: str, most: int = 100) -> list[AuditEvent]:
        """The newest acts of this user, newest first. Refused ones come a few seconds later."""
        with self._db.read() as tx:
            return tx.audit.newest(most, pseudonym)

    def flush(self) -> None:
        """Write the refused acts that wait.

        :raises StorageUnavailable: they cannot be written now; they go on waiting.
        """
        with self._writing:
            while self._write_some():
                pass

    def sweep(self, most: int) -> bool:
        """Remove up to ``most`` rows older than the retention, and say whether there may be more.

        The oldest go first, and the rest still holds.
        """
        with self._db.read() as tx:
            # Looking first, as ``DB.sweep`` does.
            if not self._outlived(tx, 1):
                return False
        with self._db.begin() as tx:
            # Nobody else sweeps until the end of the transaction.
            tx.audit.lock_head()
            rows = self._outlived(tx, most)
            if rows:
                last = Place(rows[-1].id, rows[-1].digest)
                tx.audit.move(TAIL, *last, self._chain.seal(TAIL, last))
                tx.audit.remove_through(last.number)
        return len(rows) == most

    def _outlived(self, tx: Transaction, most: int) -> list[AuditEvent]:
        """The oldest rows, as long as each is older than the retention."""
        before, found = self._clock() - self._retention, []
        for row in tx.audit.oldest(most):
            if row.at >= before:
                break
            found.append(row)
        return found

    def _write_some(self) -> bool:
        acts, dropped = self._waiting.first(BATCH)
        if not acts and not dropped:
            return False
        with self._db.begin() as tx:
            rows = [act.row(tx, act.outcome or "") for act in acts]
            if dropped:
                rows.append(self._own(tx, DROPPED, str(dropped)))
            self._append(tx, rows)
        self._waiting.written(len(acts), dropped)
        return True

    def _append(self, tx: Transaction, rows: list[AuditEvent]) -> None:
        """Put the rows at the end of the chain, where others wait until ``tx`` ends."""
        head = tx.audit.lock_head()
        place = self._chain.place(head) if head.seal else START
        if place is None or (place == START and tx.audit.newest()):
            # Rows may have been cut off: say so in the trail itself, and go on from what is left.
            log.error("audit.head_lost")
            last = tx.audit.newest()
            place = Place(last[0].id, last[0].digest) if last else START
            rows = [self._own(tx, LOST_HEAD, "lost"), *rows]
        for row in rows:
            row.id = place.number + 1
            row.digest = self._chain.link(place.digest, row)
            place = Place(row.id, row.digest)
        tx.audit.append(rows)
        tx.audit.move(HEAD, *place, self._chain.seal(HEAD, place))
        tx.after_commit(lambda: _tell(rows))

    def _own(self, tx: Transaction, name: str, outcome: str) -> AuditEvent:
        """What the trail says of itself."""
        return Act(name, self._clock(), Caller(), self._append).row(tx, outcome)


Method = Callable[Concatenate[Any, Asked], Answer]


def recorded(name: str) -> Callable[[Method[Asked, Answer]], Method[Asked, Answer]]:
    """Record each call of a method, of a desk that has an ``audit``, as an act of this name."""

    def around(method: Method[Asked, Answer]) -> Method[Asked, Answer]:
        @wraps(method)
        def recording(self: Any, /, *values: Asked.args, **named: Asked.kwargs) -> Answer:
            with self.audit.recording(name):
                return method(self, *values, **named)

        return recording

    return around


def _tell(rows: list[AuditEvent]) -> None:
    """Say the same in the log. Kept elsewhere, it shows what a trail that was cut once held."""
    names = ("act", "outcome", "user", "session", "origin", "request_id", "digest")
    for row in rows:
        extra = {name: getattr(row, name) for name in names}
        log.info("audit", extra=extra | {"number": row.id})
