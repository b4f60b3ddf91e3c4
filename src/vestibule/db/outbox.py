"""Mail on its way: queued with its cause, claimed by one worker, settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from vestibule.db.sweeping import Over
from vestibule.records import OutboxMessage

# Nothing is put off for as long as this. What is due later was put off before the clock was set
# back, and would be a day late.
NEVER_AS_FAR = timedelta(hours=2)


@dataclass(frozen=True)
class Outbox:
    """The ``outbox`` table, inside one transaction."""

    _work: Session

    def add(self, template: str, recipient: str, **columns: Any) -> None:
        """Queue a mail; it is kept only if the transaction that causes it commits."""
        self._work.add(OutboxMessage(template=template, recipient=recipient, **columns))

    def of_user(self, user_id: int, email: str) -> list[OutboxMessage]:
        """The messages that are the user's doing, or that nobody's went to this address."""
        theirs = and_(OutboxMessage.user_id.is_(None), OutboxMessage.recipient == email)
        mine = select(OutboxMessage).where(or_(OutboxMessage.user_id == user_id, theirs))
        return list(self._work.scalars(mine.order_by(OutboxMessage.id)))

    def forget(self, email: str) -> None:
        """Remove the messages to this address that are no known user's doing."""
        self._work.execute(
            delete(OutboxMessage).where(
                OutboxMessage.user_id.is_(None), OutboxMessage.recipient == email
            )
        )

    def any_due(self, now: datetime) -> bool:
        """Whether there is something to send."""
        return bool(self._work.scalar(select(exists().where(*_due(now)))))

    def claim(self, now: datetime, until: datetime) -> OutboxMessage | None:
        """Take one message that is due, so that nobody else takes it before ``until``."""
        oldest = select(OutboxMessage.id).where(*_due(now)).order_by(OutboxMessage.due_at).limit(1)
        # Of several workers each takes another one, and none waits.
        free = oldest.with_for_update(skip_locked=True).scalar_subquery()
        return self._work.scalar(
            update(OutboxMessage)
            .where(OutboxMessage.id == free)
            .values(due_at=until, attempts=OutboxMessage.attempts + 1, outcome=None)
            .returning(OutboxMessage)
        )

    def note(self, message_id: int, **columns: Any) -> None:
        """Note whose the message is; or what became of it, when it needs nothing more."""
        this = update(OutboxMessage).where(OutboxMessage.id == message_id)
        self._work.execute(this.values(**columns))

    def postpone(self, message_id: int, attempts: int, due_at: datetime, outcome: str) -> None:
        """Try the message again at ``due_at``; ``outcome`` says what went wrong.

        :param attempts: as many as when it was claimed: whoever claimed it since decides.
        """
        self._change(message_id, attempts, due_at=due_at, outcome=outcome)

    def bury(self, message_id: int, attempts: int, now: datetime, outcome: str) -> None:
        """Give the message up; ``outcome`` says what went wrong."""
        self._change(message_id, attempts, done_at=now, dead=True, outcome=outcome)

    def revive(self, message_id: int | None, now: datetime, expires_at: datetime) -> int:
        """Try what was given up anew, all of it or one message, which may also wait after a try.

        :return: how many messages.
        """
        dead = OutboxMessage.dead.is_(True)
        # What somebody is sending right now has no outcome: it must not be sent twice.
        failed = OutboxMessage.done_at.is_(None) & OutboxMessage.outcome.is_not(None)
        which = dead if message_id is None else (OutboxMessage.id == message_id) & (dead | failed)
        values = {"done_at": None, "dead": False, "due_at": now, "expires_at": expires_at}
        revived = update(OutboxMessage).where(which).values(attempts=0, **values)
        return len(self._work.scalars(revived.returning(OutboxMessage.id)).all())

    def _change(self, message_id: int, attempts: int, **values: Any) -> None:
        claimed = (OutboxMessage.id == message_id) & (OutboxMessage.attempts == attempts)
        self._work.execute(update(OutboxMessage).where(claimed).values(**values))

    def over(self, settled_before: datetime, sooner: datetime, outcome: str) -> Over:
        """The messages settled before this moment; those with ``outcome``, before a later one."""
        long_ago = OutboxMessage.done_at < settled_before
        for_less = and_(OutboxMessage.done_at < sooner, OutboxMessage.outcome == outcome)
        return Over(self._work, OutboxMessage.id, or_(long_ago, for_less))

    def get(self, message_id: int) -> OutboxMessage | None:
        """The message with this number, or ``None``."""
        return self._work.get(OutboxMessage, message_id)

    def latest(self, most: int) -> list[OutboxMessage]:
        """The newest messages, newest first."""
        newest = select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(most)
        return list(self._work.scalars(newest))


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    due = or_(OutboxMessage.due_at <= now, OutboxMessage.due_at > now + NEVER_AS_FAR)
    return OutboxMessage.done_at.is_(None), due
