"""Mail on its way: queued with its cause, claimed by one worker, settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, null, or_, select, update

from vestibule.db.statements import Statement, adding, given
from vestibule.db.sweeping import Over
from vestibule.db.work import Work
from vestibule.records import OutboxMessage

# Nothing is put off for as long as this. What is due later was put off before the clock was set
# back, and would be a day late.
NEVER_AS_FAR = timedelta(hours=2)
COLUMNS = (
    *("template", "recipient", "user_id", "about", "created_at", "due_at", "expires_at"),
    *("attempts", "dead"),
)
ADD = Statement(adding(OutboxMessage, *COLUMNS))
# Nobody's that is known, to this address.
NOBODYS = and_(OutboxMessage.user_id.is_(None), OutboxMessage.recipient == bindparam("email"))
OF_USER = Statement(
    select(OutboxMessage)
    .where(or_(OutboxMessage.user_id == bindparam("user_id"), NOBODYS))
    .order_by(OutboxMessage.id),
    of=OutboxMessage,
)
FORGET = Statement(delete(OutboxMessage).where(NOBODYS))
DUE = and_(
    OutboxMessage.done_at.is_(None),
    or_(OutboxMessage.due_at <= bindparam("now"), OutboxMessage.due_at > bindparam("too_far")),
)
ANY_DUE = Statement(select(exists().where(DUE)))
# Of several workers each takes another one, and none waits.
FREE = (
    select(OutboxMessage.id)
    .where(DUE)
    .order_by(OutboxMessage.due_at)
    .limit(1)
    .with_for_update(skip_locked=True)
)
CLAIM = Statement(
    update(OutboxMessage)
    .where(OutboxMessage.id == FREE.scalar_subquery())
    .values(due_at=bindparam("until"), attempts=OutboxMessage.attempts + 1, outcome=null())
    .returning(OutboxMessage),
    of=OutboxMessage,
)
FOUND = Statement(
    select(OutboxMessage).where(OutboxMessage.id == bindparam("number")), of=OutboxMessage
)
LATEST = Statement(
    select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(bindparam("most")),
    of=OutboxMessage,
)


@cache
def _noting(*names: str) -> Statement:
    this = OutboxMessage.id == bindparam("number")
    return Statement(update(OutboxMessage).where(this).values(given(*names)))


@cache
def _changing(*names: str) -> Statement:
    claimed = (
        OutboxMessage.id == bindparam("number"),
        OutboxMessage.attempts == bindparam("claimed"),
    )
    return Statement(update(OutboxMessage).where(*claimed).values(given(*names)))


@dataclass(slots=True)
class Outbox:
    """The ``outbox`` table, inside one transaction."""

    _work: Work

    def add(self, template: str, recipient: str, **columns: Any) -> None:
        """Queue a mail; it is kept only if the transaction that causes it commits."""
        message = {"template": template, "recipient": recipient, "attempts": 0, "dead": False}
        self._work.run(ADD, **(message | columns))

    def of_user(self, user_id: int, email: str) -> list[OutboxMessage]:
        """The messages that are the user's doing, or that nobody's went to this address."""
        return self._work.all(OF_USER, user_id=user_id, email=email)

    def forget(self, email: str) -> None:
        """Remove the messages to this address that are no known user's doing."""
        self._work.run(FORGET, email=email)

    def any_due(self, now: datetime) -> bool:
        """Whether there is something to send."""
        return bool(self._work.value(ANY_DUE, now=now, too_far=now + NEVER_AS_FAR))

    def claim(self, now: datetime, until: datetime) -> OutboxMessage | None:
        """Take one message that is due, so that nobody else takes it before ``until``."""
        return self._work.first(CLAIM, now=now, too_far=now + NEVER_AS_FAR, until=until)

    def note(self, message_id: int, **columns: Any) -> None:
        """Note whose the message is; or what became of it, when it needs nothing more."""
        self._work.run(_noting(*sorted(columns)), number=message_id, **columns)

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
        values = {"done_at": null(), "dead": False, "due_at": now, "expires_at": expires_at}
        revived = update(OutboxMessage).where(which).values(attempts=0, **values)
        return self._work.run(Statement(revived))

    def _change(self, message_id: int, attempts: int, **values: Any) -> None:
        statement = _changing(*sorted(values))
        self._work.run(statement, number=message_id, claimed=attempts, **values)

    def over(self, settled_before: datetime, sooner: datetime, outcome: str) -> Over:
        """The messages settled before this moment; those with ``outcome``, before a later one."""
        long_ago = OutboxMessage.done_at < settled_before
        for_less = and_(OutboxMessage.done_at < sooner, OutboxMessage.outcome == outcome)
        return Over(self._work, OutboxMessage.id, or_(long_ago, for_less))

    def get(self, message_id: int) -> OutboxMessage | None:
        """The message with this number, or ``None``."""
        return self._work.first(FOUND, number=message_id)

    def latest(self, most: int) -> list[OutboxMessage]:
        """The newest messages, newest first."""
        return self._work.all(LATEST, most=most)
