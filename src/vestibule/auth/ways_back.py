"""Ways back for owners: from a factor that a thief added, and from factors that are all lost.

A thief with a session and the password adds a factor to an account that had none, and a reset would
leave the owner outside for good: a mailbox takes no factor off. So the mail about a first factor
has a link, good for three days, that takes it off again and makes the password useless. What the
account had before that is not in its reach.

Who lost authenticator and recovery codes asks an operator, who must know whom they talk to. An
operator can be talked into it, too: so the factors go only after a waiting time, the owner is told
at once, and whoever still has one of them, or the mail, ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vestibule.auth.acts import acting
from vestibule.auth.addresses import comparison_key
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.claims import give
from vestibule.auth.entrance import Entrance
from vestibule.auth.errors import AddressInUse, BadToken, UnknownEmail, UnknownFactor
from vestibule.auth.letters import DISOWNED, FACTORS_ENDING, FACTORS_GONE
from vestibule.auth.outbox import Outbox
from vestibule.auth.passwords import NONE
from vestibule.auth.tokens import DISOWN, KEEP, OVER, Tokens
from vestibule.config import Clock
from vestibule.db import DB, AlreadyExists, Transaction
from vestibule.user import User


@dataclass(frozen=True)
class WaysBack:
    """Factors that are not their owner's, or that their owner lost."""

    _db: DB
    _clock: Clock
    audit: Audit
    _entrance: Entrance
    _tokens: Tokens
    _outbox: Outbox
    # How long after an operator's word factors go.
    _wait: timedelta

    @recorded("factor.disown")
    def disown(self, token: str | None) -> str:
        """Take a first factor off again, and all that came after it; the account's address.

        Whoever added it knew the password, so that opens nothing any more. Sessions and links are
        over, an address that was changed since is what it was, and a mail with a reset link is on
        its way.

        :raises BadToken: unknown, expired or used.
        :raises AddressInUse: the address has another account.
        """
        try:
            with self._db.begin() as tx:
                user, email = self._tokens.spend(tx, token, DISOWN)
                if email is None:
                    raise BadToken(OVER)
                acting().accept(tx)
                drop(tx, user)
                take_back(tx, user, email, self._clock())
                self._outbox.add(tx, DISOWNED, email)
                return email
        except AlreadyExists:
            raise AddressInUse from None

    @recorded("factor.keep")
    def keep(self, token: str | None) -> str:
        """Leave the account its factors, which an operator was to take away; its address.

        :raises BadToken: unknown, expired or used.
        """
        with self._db.begin() as tx:
            user, _ = self._tokens.spend(tx, token, KEEP)
            self._entrance.stay(tx, user)
            acting().accept(tx)
            return user.email

    def begin(self, email: str) -> datetime:
        """Take an account's factors away after the waiting time, and tell its owner; when.

        Where it was begun before, the time stays.

        :raises UnknownEmail: nobody has this address.
        :raises UnknownFactor: the account has none.
        """
        with self.audit.recording("account.drop_factors") as act, self._db.begin() as tx:
            user = _owner(tx, email)
            act.of(user)
            if not user.factors:
                raise UnknownFactor
            ends = user.factors_end_at or self._clock() + self._wait
            tx.users.change(user, factors_end_at=ends)
            self._tokens.reserve(tx, user.id, KEEP, user.email, ends)
            when = f"{ends:%Y-%m-%d %H:%M} UTC"
            self._outbox.add(tx, FACTORS_ENDING, user.email, user_id=user.id, about=when)
            act.accept(tx)
            return ends

    def cancel(self, email: str) -> None:
        """Leave the account its factors after all.

        :raises UnknownEmail: nobody has this address.
        """
        with self.audit.recording("account.keep_factors") as act, self._db.begin() as tx:
            user = _owner(tx, email)
            act.of(user)
            self._entrance.stay(tx, user)
            act.accept(tx)

    def sweep(self, most: int) -> bool:
        """Take away the factors of up to ``most`` accounts whose time came; may there be more."""
        now = self._clock()
        with self._db.read() as tx:
            due = tx.users.factors_over(now, most)
        for user_id in due:
            self._end(user_id, now)
        return len(due) == most

    def _end(self, user_id: int, now: datetime) -> None:
        with self.audit.recording("factor.end") as act, self._db.begin() as tx:
            # Looked at again: the owner may have been here, or another process.
            user = tx.users.get(user_id)
            if user is None or user.factors_end_at is None or user.factors_end_at > now:
                return
            act.of(user)
            drop(tx, user)
            tx.sessions.close_all(user.id)
            tx.logins.drop(user.id)
            self._outbox.add(tx, FACTORS_GONE, user.email, user_id=user.id)
            act.accept(tx)


def take_back(tx: Transaction, user: User, email: str, now: datetime) -> None:
    """Give the account to who reads the mail of an address that it has or had, within ``tx``.

    A first factor that can still be disowned goes; others stay.

    :raises AlreadyExists: the address has another account.
    """
    if tx.tokens.of(user.id, DISOWN, now):
        drop(tx, user)
    give(tx, user, email, now)
    tx.users.change(user, hashed_password=NONE)
    tx.sessions.close_all(user.id)
    tx.logins.drop(user.id)
    tx.tokens.drop_all(user.id, KEEP)


def drop(tx: Transaction, user: User) -> None:
    """Take all factors of the user away, and with them what was to do so later."""
    tx.factors.drop(user)
    tx.users.change(user, factors_end_at=None)
    tx.tokens.drop(user.id, KEEP)


def _owner(tx: Transaction, email: str) -> User:
    user = tx.users.with_key(comparison_key(email))
    if user is None:
        raise UnknownEmail("Nobody has this address.")
    return user
