"""Mail: queued with its cause, decided on and delivered later, at least once.

Who asks for a mail gets the answer at once, whether or not anybody has the address: the look-up
happens when the message is taken from the outbox. So does the making of the token, which is why
the outbox holds no secret.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from threading import Event

from jinja2 import Environment, PackageLoader, StrictUndefined

from vestibule.auth.addresses import comparison_key
from vestibule.auth.errors import StorageUnavailable
from vestibule.auth.tokens import RESET, Tokens
from vestibule.config import Clock
from vestibule.db import DB, Transaction
from vestibule.records import OutboxMessage

log = logging.getLogger(__name__)

# A worker that takes a message has this long before another may take it.
LEASE = timedelta(minutes=1)
FIRST_RETRY = timedelta(seconds=10)
LAST_RETRY = timedelta(hours=1)
# How long a settled message is still listed.
KEPT = timedelta(days=30)
KEPT_FOR_NOBODY = timedelta(hours=1)
NOBODY = "nobody has this address"

TEMPLATES = Environment(
    # Plain text: nothing to escape, but a line break in a value would be a new line of mail.
    loader=PackageLoader("vestibule.auth", "mails"),
    autoescape=False,  # noqa: S701 - there is no HTML here.
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class Outbox:
    """The mail that is to be sent, and the folder where it lands as ``.eml`` files."""

    _db: DB
    _clock: Clock
    _tokens: Tokens
    folder: Path
    origin: str
    queued: Event

    def queue(self, template: str, recipient: str) -> None:
        """Ask for a mail. It is sent after the answer, if somebody has the address."""
        with self._db.begin() as tx:
            tx.outbox.add(template, recipient, self._clock())
        self.queued.set()

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
        file = self.folder / message.outcome
        return file.read_bytes() if file.suffix == ".eml" and file.exists() else None

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
            mail = self._compose_reset(tx, message)
        if mail is None:
            return NOBODY
        name = f"{message.created_at:%Y%m%dT%H%M%S}-{message.id}.eml"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self.folder / f".{name}"
        partial.touch(mode=0o600)
        partial.write_bytes(bytes(mail))
        # Renamed when complete: nobody ever reads half a mail.
        partial.rename(self.folder / name)
        return name

    def _compose_reset(self, tx: Transaction, message: OutboxMessage) -> EmailMessage | None:
        user = tx.users.with_key(comparison_key(message.recipient))
        if user is None:
            return None
        text = TEMPLATES.get_template("reset.txt").render(
            origin=self.origin,
            token=self._tokens.issue(tx, user.id, RESET),
            email=user.email,
            minutes=int(self._tokens.lifetime.total_seconds() // 60),
        )
        subject, _, body = text.partition("\n\n")
        mail = EmailMessage()
        mail["Subject"] = subject.removeprefix("Subject: ")
        mail["From"] = "Vestibule <vestibule@localhost>"
        mail["To"] = user.email
        mail["Date"] = format_datetime(self._clock())
        mail["Message-ID"] = make_msgid(domain="localhost")
        # As it is, not quoted-printable: who opens the file must be able to copy the link.
        mail.set_content(body, cte="8bit")
        return mail

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
