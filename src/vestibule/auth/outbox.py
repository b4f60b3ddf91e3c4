"""Mail: queued with its cause, decided on and delivered later, at least once.

Who asks for a mail gets the answer at once, whether or not anybody has the address: the look-up
happens when the message is taken from the outbox. So does the making of the token, which is why
the outbox holds no secret.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import uniform
from threading import Event

from vestibule.auth.addresses import comparison_key
from vestibule.auth.audit import Audit
from vestibule.auth.carriers import Carrier, carrier
from vestibule.auth.errors import NotSent, StorageUnavailable
from vestibule.auth.letters import KINDS, Letter
from vestibule.auth.mail_folder import MailFolder
from vestibule.auth.stationery import Stationery, Words, stationery
from vestibule.auth.tokens import CHANGE, Tokens
from vestibule.config import Clock, Settings
from vestibule.db import DB, Transaction
from vestibule.records import OutboxMessage

log = logging.getLogger(__name__)

# A worker that takes a message has this long before another may take it: longer than any
# conversation with a mail server may last (``smtp.WHOLE_SECONDS``).
LEASE = timedelta(minutes=2)
FIRST_RETRY = timedelta(seconds=10)
LAST_RETRY = timedelta(hours=1)
JITTER = 0.25
GIVEN_UP_AFTER = timedelta(days=1)
# How long a settled message is still listed.
KEPT = timedelta(days=30)
KEPT_FOR_NOBODY = timedelta(hours=1)
REASON = 250
NOBODY = "nobody has this address"


@dataclass(frozen=True)
class Outbox:
    """The mail that is to be sent, and the folder for it where there is no mail server."""

    _db: DB
    _clock: Clock
    _tokens: Tokens
    _audit: Audit
    _stationery: Stationery
    _carrier: Carrier
    folder: Path
    queued: Event

    @classmethod
    def open(cls, settings: Settings, db: DB, clock: Clock, tokens: Tokens, audit: Audit) -> Outbox:
        """The outbox of the service that ``settings`` describe."""
        paper, way, folder = stationery(settings), carrier(settings), MailFolder.of(settings)
        return cls(db, clock, tokens, audit, paper, way, folder.path, Event())

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
        while self.deliver_next():
            taken += 1
        return taken

    def deliver_next(self) -> bool:
        """Deliver one message, and say whether there was one that is due."""
        message = self._claim()
        if message is None:
            return False
        try:
            outcome = self._deliver(message)
        except StorageUnavailable:
            raise
        except NotSent as error:
            # The step alone: what the server said about it may quote the address.
            step = str(error).partition(":")[0]
            log.warning("mail.not_sent", extra=_named(message) | {"outcome": step})
            self._postpone(message, str(error), final=error.final)
        except Exception as error:
            # Whatever is wrong with one mail must not stop the others, nor go unseen.
            log.exception("mail.failed", extra=_named(message))
            self._postpone(message, getattr(error, "strerror", None) or type(error).__name__)
        else:
            self._settle(message, outcome)
        return True

    def sweep(self, most: int) -> bool:
        """Forget up to ``most`` messages settled long ago, and say whether there may be more.

        Those for nobody go sooner: anybody can ask for them. The ``.eml`` files stay.
        """
        now = self._clock()
        times = now - KEPT, now - KEPT_FOR_NOBODY
        return self._db.sweep(lambda tx: tx.outbox.over(*times, NOBODY), most)

    def latest(self, most: int = 100) -> list[OutboxMessage]:
        """The newest messages, newest first."""
        with self._db.read() as tx:
            return tx.outbox.latest(most)

    @property
    def writes_files(self) -> bool:
        """Whether mail is written to the folder, for want of a mail server."""
        return isinstance(self._carrier, MailFolder)

    def find(self, message_id: int) -> OutboxMessage | None:
        """The message with this number, or ``None``."""
        with self._db.read() as tx:
            return tx.outbox.get(message_id)

    def read(self, message_id: int) -> bytes | None:
        """A delivered mail, or ``None``."""
        message = self.find(message_id)
        if message is None or message.outcome is None or message.done_at is None:
            return None
        return MailFolder(self.folder).read(message.outcome)

    def retry(self, message_id: int) -> bool:
        """Try a message that was not sent yet, or was given up, now; whether there is one."""
        return self._retry(message_id) > 0

    def retry_dead(self) -> int:
        """Try every message that was given up once more; how many there are."""
        return self._retry(None)

    def _retry(self, message_id: int | None) -> int:
        now = self._clock()
        with self._audit.recording("mail.retry") as act, self._db.begin() as tx:
            tx.after_commit(self.queued.set)
            revived = tx.outbox.revive(message_id, now, now + GIVEN_UP_AFTER)
            if revived:
                act.accept(tx)
            return revived

    def _claim(self) -> OutboxMessage | None:
        now = self._clock()
        with self._db.read() as tx:
            # Looking first keeps an idle service from taking the write lock.
            if not tx.outbox.any_due(now):
                return None
        # After a power cut it is due once more, as it would be when the lease is over.
        with self._db.begin(lasting=False) as tx:
            return tx.outbox.claim(now, now + LEASE)

    def _deliver(self, message: OutboxMessage) -> str:
        with self._db.read() as tx:
            letter = KINDS[message.template](tx, message)
            if letter is None:
                return NOBODY
        # First the way, then the token, which ends the one before: as long as the mail server is
        # away, the link in an earlier mail stays good.
        with closing(self._carrier.connect()) as post:
            # What says nothing of an account says the same later on.
            words = self._words(message) if letter.owner else _said(letter)
            if words is None:
                return NOBODY
            mail = self._stationery.write(
                message.template,
                words,
                self._clock(),
                cause=f"{message.id} {message.created_at}",
                encoding=self._carrier.encoding,
            )
            return post.put(f"{message.created_at:%Y%m%dT%H%M%S}-{message.id}.eml", mail)

    def _words(self, message: OutboxMessage) -> Words | None:
        """What is said of an account, with a token if there is to be one."""
        with self._db.begin() as tx:
            letter = KINDS[message.template](tx, message)
            if letter is None:
                return None
            if letter.owner:
                tx.outbox.note(message.id, user_id=letter.owner)
            if letter.ticket is None:
                return _said(letter)
            lifetime = self._tokens.lifetime(letter.ticket.purpose)
            token = self._tokens.issue(tx, *letter.ticket)
            return _said(letter, token, int(lifetime.total_seconds() // 60))

    def _settle(self, message: OutboxMessage, outcome: str) -> None:
        # What a power cut makes forgotten is sent twice: at least once is what is promised.
        with self._db.begin(lasting=False) as tx:
            tx.outbox.note(message.id, done_at=self._clock(), outcome=outcome)
        log.info("mail.settled", extra=_named(message))

    def _postpone(self, message: OutboxMessage, reason: str, *, final: bool = False) -> None:
        now = self._clock()
        # The exponent has a limit because a timedelta does. What failed together is not tried
        # together again.
        wait = min(FIRST_RETRY * 2 ** min(message.attempts - 1, 10), LAST_RETRY)
        again = min(now + wait * uniform(1, 1 + JITTER), message.expires_at)  # noqa: S311
        over = final or now >= message.expires_at
        with self._audit.recording("mail.dead") as act, self._db.begin() as tx:
            if over:
                # Nobody's, where it went to an address that somebody only named: who named it would
                # learn that it was sent, and so that nobody has the address.
                if message.template != CHANGE:
                    act.user_id, act.email_key = message.user_id, comparison_key(message.recipient)
                act.accept(tx, message.template)
                tx.outbox.bury(message.id, message.attempts, now, reason[:REASON])
            else:
                tx.outbox.postpone(message.id, message.attempts, again, reason[:REASON])
        if over:
            log.error("mail.dead", extra=_named(message))


def _said(letter: Letter, token: str = "", minutes: int = 0) -> Words:
    return Words(letter.recipient, letter.about, token, minutes)


def _named(message: OutboxMessage) -> dict[str, object]:
    return {"template": message.template, "message_id": message.id}
