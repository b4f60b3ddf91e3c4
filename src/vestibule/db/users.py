"""Accounts: found by number or address, locked, added, changed, removed.

Whoever changes what a user owns first takes the user's row: PostgreSQL then lets changes of one
account follow each other, as SQLite's single writer does for all of them, and no two wait for each
other. It is ``FOR NO KEY UPDATE``: rows that only refer to the user can still be added.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, and_, bindparam, delete, select, update

from vestibule.db.statements import Statement, adding, given
from vestibule.db.sweeping import Over
from vestibule.db.work import Work
from vestibule.user import Session, User, number_of


def _locked(found: Select[Any]) -> Select[Any]:
    return found.with_for_update(key_share=True)


BY_NUMBER = select(User).where(User.id == bindparam("user_id"))
BY_KEY = select(User).where(User.email_key == bindparam("email_key"))
FOUND, FOUND_LOCKED = Statement(BY_NUMBER, of=User), Statement(_locked(BY_NUMBER), of=User)
NAMED, NAMED_LOCKED = Statement(BY_KEY, of=User), Statement(_locked(BY_KEY), of=User)
# The number finds the row, and the digest says that it is the one.
THIS_SESSION = and_(Session.id == bindparam("number"), Session.digest == bindparam("digest"))
OF_SESSION = Statement(
    select(User).join(Session, Session.user_id == User.id).where(THIS_SESSION), of=User
)
LOCK = Statement(_locked(select(User.id).where(User.id == bindparam("user_id"))))
COLUMNS = (
    *("email", "email_key", "hashed_password", "created_at", "pseudonym"),
    *("verified_at", "disabled_at", "pending_until", "factors", "administrator", "factors_end_at"),
)
ADD = Statement(adding(User, *COLUMNS).returning(User.id))
REWRITE = Statement(
    update(User).where(User.id == bindparam("user_id")).values(hashed_password=User.hashed_password)
)
FACTORS_OVER = Statement(
    select(User.id).where(User.factors_end_at <= bindparam("now")).limit(bindparam("most"))
)
REMOVE = Statement(delete(User).where(User.id == bindparam("user_id")))
AFTER = Statement(
    select(User).where(User.id > bindparam("user_id")).order_by(User.id).limit(bindparam("most")),
    of=User,
)


@cache
def _changing(*names: str) -> Statement:
    this = User.id == bindparam("user_id")
    return Statement(update(User).where(this).values(given(*names)))


@dataclass(slots=True)
class Users:
    """The ``users`` table, inside one transaction."""

    _work: Work
    # The numbers of those who are kept from others until the end: they may be changed.
    _locked: set[int] = field(default_factory=set)

    def get(self, user_id: int) -> User | None:
        """The account with this number, or ``None``; locked in a transaction that may write."""
        return self._one(FOUND_LOCKED if self._work.writing else FOUND, user_id=user_id)

    def with_key(self, email_key: str) -> User | None:
        """The account whose address compares equal to ``email_key``, or ``None``; locked, too."""
        if "\0" in email_key:
            # No account has it, and PostgreSQL takes no text with it.
            return None
        return self._one(NAMED_LOCKED if self._work.writing else NAMED, email_key=email_key)

    def of_session(self, digest: str) -> User | None:
        """Whose session this is, by its digest, over or not, or ``None``; not locked."""
        return self._work.first(OF_SESSION, number=number_of(digest), digest=digest)

    def lock(self, user_id: int) -> None:
        """Let nobody else change this account, or what it owns, until the transaction ends."""
        # Number 0 is nobody's. It must cost as much as somebody who was read just now: nothing.
        if self._work.writing and user_id and user_id not in self._locked:
            self._work.all(LOCK, user_id=user_id)
            self._locked.add(user_id)

    def add(self, **columns: Any) -> User:
        """Store a new account and return it.

        :raises AlreadyExists: the address has an account.
        """
        own = {"pseudonym": uuid4().hex, "factors": "", "administrator": False}
        values = dict.fromkeys(COLUMNS) | own | columns
        return User(id=self._work.value(ADD, **values), **values)

    def change(self, user: User, **columns: Any) -> None:
        """Give the account these values, here and in the table.

        :raises AlreadyExists: another account has the address.
        """
        new = {name: value for name, value in columns.items() if getattr(user, name) != value}
        if new:
            self._work.run(_changing(*sorted(new)), user_id=user.id, **new)
        for name, value in new.items():
            setattr(user, name, value)

    def rewrite(self, user_id: int) -> None:
        """Write the account as it is, which takes as long as a change of it."""
        self._work.run(REWRITE, user_id=user_id)

    def remove(self, user_id: int) -> None:
        """Remove the account, and with it all that refers to it, at once."""
        self._work.run(REMOVE, user_id=user_id)

    def after(self, user_id: int, most: int) -> list[User]:
        """Up to ``most`` accounts with numbers above ``user_id``, in their order."""
        return self._work.all(AFTER, user_id=user_id, most=most)

    def over(self, now: datetime) -> Over:
        """The accounts whose address nobody verified in time."""
        late = and_(User.pending_until <= now, User.disabled_at.is_(None))
        return Over(self._work, User.id, late)

    def factors_over(self, now: datetime, most: int) -> list[int]:
        """The numbers of up to ``most`` accounts whose factors were to end by now."""
        return [number for (number,) in self._work.all(FACTORS_OVER, now=now, most=most)]

    def _one(self, statement: Statement, **values: Any) -> User | None:
        user: User | None = self._work.first(statement, **values)
        if user is not None and self._work.writing:
            self._locked.add(user.id)
        return user
