"""What the service keeps for itself: mail on its way, counts of failures, the audit trail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.user import Row


class OutboxMessage(Row):
    """A mail to decide on and send. It holds no secret: its token is made when it is written."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "done_at", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    template: Mapped[str] = mapped_column(String(20))
    # The address that was asked about; the mail goes to the one stored with the account.
    recipient: Mapped[str] = mapped_column(String(250), index=True)
    # Whose doing it is, where that is known; their mail goes when they go.
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    # The other address that the mail speaks of.
    about: Mapped[str | None] = mapped_column(String(250))
    created_at: Mapped[datetime]
    # Not before this moment. A worker that takes the message moves it ahead, so that no other
    # worker takes it too, and so that it comes back if the worker dies.
    due_at: Mapped[datetime]
    # It is given up when it could not be sent until then.
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    # Given up: a dead letter, which an operator may have tried once more.
    dead: Mapped[bool] = mapped_column(default=False)
    # What became of it: the name of the .eml file, what the mail server said, or what went wrong.
    outcome: Mapped[str | None] = mapped_column(String(250))


class RateLimit(Row):
    """How often something was tried since its window opened; ``key`` digests what and who."""

    __tablename__ = "rate_limits"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    hits: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuditEvent(Row):
    """One act that was accepted or refused.

    The digest, made with a secret key, covers the row and the digest of the row before: none can
    be changed, removed or put between unnoticed.
    """

    __tablename__ = "audit_events"
    # Without gaps, in the order of the chain.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    act: Mapped[str] = mapped_column(String(40))
    # "accepted", or the code of the refusal.
    outcome: Mapped[str] = mapped_column(String(40))
    # The user's pseudonym, and the public id of the session.
    user: Mapped[str | None] = mapped_column(String(32), index=True)
    session: Mapped[str | None] = mapped_column(String(16))
    origin: Mapped[str | None] = mapped_column(String(45))
    request_id: Mapped[str | None] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))


class AuditMark(Row):
    """Where the audit trail begins and ends: the newest row, and the newest that was swept."""

    __tablename__ = "audit_marks"
    # "head" or "tail".
    mark: Mapped[str] = mapped_column(String(8), primary_key=True)
    event_id: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    # Made with a secret key: rows that are cut off at an end cannot take the mark with them.
    seal: Mapped[str] = mapped_column(String(64))
