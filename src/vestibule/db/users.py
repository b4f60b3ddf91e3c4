"""Accounts: found by number or address, added, changed, removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vestibule.user import User


@dataclass(frozen=True)
class Users:
    """The ``users`` table, inside one transaction."""

    _work: Session

    def get(self, user_id: int) -> User | None:
        """The account with this number, or ``None``."""
        return self._work.get(User, user_id)

    def with_key(self, email_key: str) -> User | None:
        """The account whose address compares equal to ``email_key``, or ``None``."""
        return self._work.scalars(select(User).where(User.email_key == email_key)).one_or_none()

    def add(self, **columns: Any) -> User:
        """Store a new account and return it.

        :raises AlreadyExists: the address has an account.
        """
        user = User(**columns)
        self._work.add(user)
        self._work.flush()
        return user

    def remove(self, user_id: int) -> None:
        """Remove the account, and with it all that refers to it, at once."""
        self._work.execute(delete(User).where(User.id == user_id))

    def after(self, user_id: int, most: int) -> list[User]:
        """Up to ``most`` accounts with numbers above ``user_id``, in their order."""
        later = select(User).where(User.id > user_id).order_by(User.id)
        return list(self._work.scalars(later.limit(most)))

    def sweep(self, now: datetime, most: int) -> None:
        """Remove up to ``most`` accounts whose address nobody verified in time."""
        over = select(User.id).where(User.pending_until <= now, User.disabled_at.is_(None))
        self._work.execute(delete(User).where(User.id.in_(over.limit(most).scalar_subquery())))
