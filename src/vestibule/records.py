"""What the service keeps for itself: mail on its way, and counts of failures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.user import Row


class OutboxMessage(Row):
    """A mail to decide on and send. It holds no secret: its token is made when it is written."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "done_at", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    template: Mapped[str] = mapped_column(String(20))
    # The address that was asked about; the mail goes to the one stored with the account.
    recipient: Mapped[str] = mapped_column(String(250))
    created_at: Mapped[datetime]
    # Not before this moment. A worker that takes the message moves it ahead, so that no other
    # worker takes it too, and so that it comes back if the worker dies.
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    # What became of it: the name of the .eml file, or why there is none.
    outcome: Mapped[str | None] = mapped_column(String(250))


class RateLimit(Row):
    """How often something was tried since its window opened; ``key`` digests what and who."""

    __tablename__ = "rate_limits"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    hits: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)
