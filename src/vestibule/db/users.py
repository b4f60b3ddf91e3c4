"""Accounts: found by number or address, locked, added, changed, removed.

Whoever changes what a user owns first takes the user's row: PostgreSQL then lets changes of one
account follow each other, as SQLite's single writer does for all of them, and no two wait for each
other. It is ``FOR NO KEY UPDATE``: rows that only refer to the user can still be added.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, select, update
from sqlalchemy.orm import Session

from vestibule.db.sweeping import Over
from vestibule.user import User


@dataclass(frozen=True)
class Users:
    """The ``users`` table, inside one transaction."""

    _work: Session
    # Whether those that are found are to be changed, and so kept from others until the end.
    _locking: bool
    # The numbers of those who are already.
    _locked: set[int] = field(default_factory=set)

    def get(self, user_id: int) -> User | None:
        """The account with this number, or ``None``; locked in a transaction that may write."""
        return self._one(User.id == user_id)

    def with_key(self, email_key: str) -> User | None:
        """The account whose address compares equal to ``email_key``, or ``None``; locked, too."""
        if "\0" in email_key:
            # No account has it, and PostgreSQL takes no text with it.
            return None
        return self._one(User.email_key == email_key)

    def lock(self, user_id: int) -> None:
        """Let nobody else change this account, or what it owns, until the transaction ends."""
        # Number 0 is nobody's. It must cost as much as somebody who was read just now: nothing.
        if self._locking and user_id and user_id not in self._locked:
            self._work.execute(_locked(select(User.id).where(User.id == user_id)))
            self._locked.add(user_id)

    def add(self, **columns: Any) -> User:
        """Store a new account and return it.

        :raises AlreadyExists: the address has an account.
        """
        user = User(**columns)
        self._work.add(user)
        self._work.flush()
        return user

    def rewrite(self, user_id: int) -> None:
        """Write the account as it is, which takes as long as a change of it."""
        same = update(User).where(User.id == user_id)
        plain = same.values(hashed_password=User.hashed_password)
        self._work.execute(plain, execution_options={"synchronize_session": False})

    def remove(self, user_id: int) -> None:
        """Remove the account, and with it all that refers to it, at once."""
        self._work.execute(delete(User).where(User.id == user_id))

    def after(self, user_id: int, most: int) -> list[User]:
        """Up to ``most`` accounts with numbers above ``user_id``, in their order."""
        later = select(User).where(User.id > user_id).order_by(User.id)
        return list(self._work.scalars(later.limit(most)))

    def over(self, now: datetime) -> Over:
        """The accounts whose address nobody verified in time."""
        late = and_(User.pending_until <= now, User.disabled_at.is_(None))
        return Over(self._work, User.id, late)

    def _one(self, condition: ColumnElement[bool]) -> User | None:
        user = self._work.scalars(self._found(condition)).one_or_none()
        if user is not None and self._locking:
            self._locked.add(user.id)
        return user

    def _found(self, condition: ColumnElement[bool]) -> Select[tuple[User]]:
        found = select(User).where(condition)
        if not self._locking:
            return found
        # What was read before the lock was had may be old.
        return _locked(found).execution_options(populate_existing=True)


def _locked(found: Select[Any]) -> Select[Any]:
    return found.with_for_update(key_share=True)
