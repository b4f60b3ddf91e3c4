"""What an operator does with other people's accounts, from a shell on the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from vestibule.auth.addresses import comparison_key
from vestibule.auth.attempts import Attempts
from vestibule.auth.audit import Audit
from vestibule.auth.errors import UnknownEmail
from vestibule.auth.tokens import Tokens
from vestibule.config import Clock
from vestibule.db import DB, Transaction
from vestibule.user import User

BATCH = 500


class Entry(NamedTuple):
    """An account, as an operator sees it."""

    email: str
    created_at: datetime
    verified_at: datetime | None
    disabled_at: datetime | None
    pending: bool
    administrator: bool
    # What there is besides the password.
    factors: tuple[str, ...]
    # When they are taken away, if they are.
    factors_end_at: datetime | None


@dataclass(frozen=True)
class Operators:
    """Those who run the service. They never learn or choose a password."""

    _db: DB
    _clock: Clock
    _audit: Audit
    _tokens: Tokens
    _attempts: Attempts

    def disable(self, email: str) -> None:
        """Shut the account: its sessions and links end at once, and nobody logs in to it.

        :raises UnknownEmail: nobody has this address.
        """
        with self._acting("account.disable", email) as (tx, user):
            tx.users.change(user, disabled_at=user.disabled_at or self._clock())
            tx.sessions.close_all(user.id)
            tx.logins.drop(user.id)
            # A thief may have changed the address: the way back waits until the account is enabled.
            self._tokens.void(tx, user)

    def enable(self, email: str) -> None:
        """Open the account again, to the password that it had. What has ended stays over.

        :raises UnknownEmail: nobody has this address.
        """
        with self._acting("account.enable", email) as (tx, user):
            tx.users.change(user, disabled_at=None)

    def unlock(self, email: str) -> None:
        """Let strange devices log in again, which too many failures in a row have shut out.

        :raises UnknownEmail: nobody has this address.
        """
        with self._acting("account.unlock", email) as (tx, user):
            self._attempts.forgive_factor(tx, user)
            self._attempts.forgive(tx, user.email_key)

    def remove(self, email: str) -> None:
        """Delete the account, and all that is stored about it.

        :raises UnknownEmail: nobody has this address.
        """
        with self._audit.recording("account.delete") as act, self._db.begin() as tx:
            user = _owner(tx, email)
            act.of(user)
            act.accept(tx)
            tx.outbox.forget(user.email)
            tx.users.remove(user.id)

    def appoint(self, email: str) -> None:
        """Mark the account as an administrator's. It logs in anew, with what is asked of those.

        :raises UnknownEmail: nobody has this address.
        """
        with self._acting("account.appoint", email) as (tx, user):
            tx.users.change(user, administrator=True)
            tx.sessions.close_all(user.id)
            tx.logins.drop(user.id)

    def dismiss(self, email: str) -> None:
        """Take the mark away again; sessions stay.

        :raises UnknownEmail: nobody has this address.
        """
        with self._acting("account.dismiss", email) as (tx, user):
            tx.users.change(user, administrator=False)

    @contextmanager
    def _acting(self, act: str, email: str) -> Iterator[tuple[Transaction, User]]:
        """Around an act on the account of this address, which is recorded with it.

        :raises UnknownEmail: nobody has this address.
        """
        with self._audit.recording(act) as recorded, self._db.begin() as tx:
            user = _owner(tx, email)
            recorded.of(user)
            yield tx, user
            recorded.accept(tx)

    def entries(self) -> Iterator[Entry]:
        """Every account, the oldest first."""
        last, more = 0, True
        while more:
            with self._db.read() as tx:
                users = tx.users.after(last, BATCH)
            yield from map(_entry, users)
            last, more = users[-1].id if users else 0, len(users) == BATCH

    def log_out(self, email: str) -> None:
        """End every session of the account.

        :raises UnknownEmail: nobody has this address.
        """
        with self._audit.recording("account.log_out") as act, self._db.begin() as tx:
            user = _owner(tx, email)
            act.of(user)
            tx.sessions.close_all(user.id)
            tx.logins.drop(user.id)
            act.accept(tx)

    def log_out_everybody(self) -> None:
        """End every session there is."""
        with self._audit.recording("accounts.log_out") as act, self._db.begin() as tx:
            tx.sessions.close_everybodys()
            tx.logins.drop_everybodys()
            act.accept(tx)


def _owner(tx: Transaction, email: str) -> User:
    user = tx.users.with_key(comparison_key(email))
    if user is None:
        raise UnknownEmail("Nobody has this address.")
    return user


def _entry(user: User) -> Entry:
    return Entry(
        user.email,
        user.created_at,
        user.verified_at,
        user.disabled_at,
        user.pending,
        user.administrator,
        tuple(user.factors.split()),
        user.factors_end_at,
    )
