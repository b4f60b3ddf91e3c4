"""Mail: queued with its cause, decided on and delivered later, at least once.

Who asks for a mail gets the answer at once, whether or not anybody has the address: the look-up
happens when the message is taken from the outbox. So does the making of the token, which is why
the outbox holds no secret.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event

from vestibule.auth.errors import StorageUnavailable
from vestibule.auth.letters import KINDS, Letter
from vestibule.auth.mail_folder import MailFolder
from vestibule.auth.stationery import Stationery, Words
from vestibule.auth.tokens import Tokens
from vestibule.config import Clock
from vestibule.db import DB, Transaction
from vestibule.records import OutboxMessage

log = logging.getLogger(__name__)

# A worker that takes a message has this long before another may take it.
LEASE = timedelta(minutes=1)
FIRST_RETRY = timedelta(seconds=10)
LAST_RETRY = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=1)
# How long a settled message is still listed.
KEPT = timedelta(days=30)
KEPT_FOR_NOBODY = timedelta(hours=1)
NOBODY = "nobody has this address"


@dataclass(frozen=True)
class Outbox:
    """The mail that is to be sent, and the folder where it lands as ``.eml`` files."""

    _db: DB
    _clock: Clock
    _tokens: Tokens
    _stationery: Stationery
    folder: Path
    queued: Event

    def add(
        self,
        tx: Transaction,
        template: str,
        recipient: str,
        *,
        user_id: int | None = None,
        about: str | None = None,
    ) -> None:
        """Ask for a mail as part of ``tx``, which is its cause: both are stored, or neither.

        :param template: one of ``letters.KINDS``, which decides who gets it, if anybody.
        :param user_id: whose doing it is; when they go, a mail that still waits goes too.
        :param about: the other address that the mail speaks of.
        """
        now = self._clock()
        tx.outbox.add(
            template,
            recipient,
            user_id=user_id,
            about=about,
            created_at=now,
            due_at=now,
            expires_at=now + GIVEN_UP_AFTER,
        )
        # A worker woken sooner would look, see nothing, and go back to sleep.
        tx.after_commit(self.queued.set)

    def queue(self, template: str, recipient: str) -> None:
        """Ask for a mail that has no other cause. It is sent after the answer, if it is due."""
        with self._db.begin() as tx:
            self.add(tx, template, recipient)

    def deliver_due(self) -> int:
        """Deliver what is due, and say how many messages were taken."""
        taken = 0
        while message := self._claim():
            taken += 1
            try:
                outcome = self._deliver(message)
            except StorageUnavailable:
                raise
            except Exception as error:
                # Whatever is wrong with one mail must not stop the others, nor go unseen.
                log.exception("mail.failed", extra=_named(message))
                self._postpone(message, error)
            else:
                self._settle(message, outcome)
        return taken

    def sweep(self) -> None:
        """Forget messages that were settled long ago; the ``.eml`` files stay.

        Those for nobody go sooner: anybody can ask for them.
        """
        now = self._clock()
        with self._db.begin() as tx:
            tx.outbox.sweep(now - KEPT)
            tx.outbox.sweep(now - KEPT_FOR_NOBODY, NOBODY)

    def latest(self, most: int = 100) -> list[OutboxMessage]:
        """The newest messages, newest first."""
        with self._db.read() as tx:
            return tx.outbox.latest(most)

    def read(self, message_id: int) -> bytes | None:
        """A delivered mail, or ``None``."""
        with self._db.read() as tx:
            message = tx.outbox.get(message_id)
        if message is None or message.outcome is None or message.done_at is None:
            return None
        return MailFolder(self.folder).read(message.outcome)

    def _claim(self) -> OutboxMessage | None:
        now = self._clock()
        with self._db.read() as tx:
            # Looking first keeps an idle service from taking the write lock.
            if not tx.outbox.any_due(now):
                return None
        with self._db.begin() as tx:
            return tx.outbox.claim(now, now + LEASE)

    def _deliver(self, message: OutboxMessage) -> str:
        with self._db.begin() as tx:
            letter = KINDS[message.template](tx, message)
            if letter is None:
                return NOBODY
            words = self._words(tx, letter)
        mail = self._stationery.write(message.template, words, self._clock())
        name = f"{message.created_at:%Y%m%dT%H%M%S}-{message.id}.eml"
        MailFolder(self.folder).put(name, mail)
        return name

    def _words(self, tx: Transaction, letter: Letter) -> Words:
        ticket = letter.ticket
        return Words(
            email=letter.recipient,
            about=letter.about,
            token=self._tokens.issue(tx, *ticket) if ticket else "",
            minutes=int(self._tokens.lifetime(ticket.purpose).total_seconds() // 60)
            if ticket
            else 0,
        )

    def _settle(self, message: OutboxMessage, outcome: str) -> None:
        with self._db.begin() as tx:
            tx.outbox.settle(message.id, self._clock(), outcome)
        log.info("mail.settled", extra=_named(message))

    def _postpone(self, message: OutboxMessage, error: Exception) -> None:
        # The exponent has a limit because a timedelta does.
        wait = min(FIRST_RETRY * 2 ** min(message.attempts - 1, 10), LAST_RETRY)
        with self._db.begin() as tx:
            reason = getattr(error, "strerror", None) or type(error).__name__
            tx.outbox.postpone(message.id, self._clock() + wait, reason)


def _named(message: OutboxMessage) -> dict[str, object]:
    return {"template": message.template, "message_id": message.id}
