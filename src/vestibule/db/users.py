"""Accounts: found by number or address, added, changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
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
