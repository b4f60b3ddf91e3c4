"""Forgotten passwords: a link asked for, and a new password set with it.

Whoever asks learns nothing: the answer is the same whether or not anybody has the address, and the
mail is decided on later. A new password is the owner's answer to a theft, so it ends all that the
old one opened.
"""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.auth.acts import acting
from vestibule.auth.addresses import comparison_key, require_well_formed
from vestibule.auth.attempts import Attempts
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.devices import Device
from vestibule.auth.errors import UnknownEmail
from vestibule.auth.known_devices import KnownDevices
from vestibule.auth.letters import FACTOR_REMOVED, PASSWORD_RESET
from vestibule.auth.outbox import Outbox
from vestibule.auth.passwords import Passwords
from vestibule.auth.tokens import RESET, Tokens
from vestibule.config import Clock
from vestibule.db import DB, Transaction
from vestibule.user import User


@dataclass(frozen=True)
class Resets:
    """Resets of passwords."""

    _db: DB
    _clock: Clock
    audit: Audit
    _passwords: Passwords
    _tokens: Tokens
    _outbox: Outbox
    _attempts: Attempts
    _known_devices: KnownDevices
    # The exercise hands the token out, and leaves sessions alone.
    classic: bool

    def issue(self, email: str) -> str:
        """A fresh reset token, in place of an earlier one.

        :raises UnknownEmail: nobody has this address.
        """
        with self._db.begin() as tx:
            user = tx.users.with_key(comparison_key(email))
            if user is None or user.disabled_at:
                raise UnknownEmail("Nobody has this address.")
            acting().of(user)
            acting().accept(tx)
            return self._tokens.issue(tx, user.id, RESET)

    @recorded("reset.request")
    def request(self, email: str, device: Device | None = None) -> str | None:
        """Mail a reset link to the address, if it has an account: the caller cannot tell.

        In the classic profile, the token itself instead, as the exercise asks.

        :raises UnknownEmail: classic only.
        :raises BadAddress: strict only.
        :raises TooManyAttempts: this address was asked about too often, or others from there.
        """
        if self.classic:
            return self.issue(email)
        key = acting().email_key = require_well_formed(email)
        self._attempts.reset(key, device)
        with self._db.begin() as tx:
            self._outbox.add(tx, RESET, email)
            acting().accept(tx)
        return None

    @recorded("password.reset")
    def complete(
        self, token: str | None, password: str, device: Device | None = None
    ) -> str | None:
        """Spend the token, set the password, end the sessions of the old one, and tell the owner.

        :returns: the cookie by which the device stays known, if the account knew it before. Whoever
            set the password on it is not told of themselves at the next login.
        :raises BadToken: unknown, expired or used; nothing is changed.
        :raises PasswordRefused: the policy does not allow it; the token stays valid.
        """
        found = self._tokens.look(token, RESET)
        with self._db.read() as tx:
            user = tx.users.get(found.user_id)
        # Hashed outside the transaction; the token is spent inside it, once.
        hashed = self._passwords.hash_new(password, user.email if user else "")
        with self._db.begin() as tx:
            user, _ = self._tokens.spend(tx, token, RESET)
            strange, cookie = user.verified_at is None, device.cookie if device else None
            number = self._known_devices.number(user, cookie)
            if self.classic:
                tx.users.change(user, hashed_password=hashed)
            else:
                # The token came by mail.
                proved = {"verified_at": user.verified_at or self._clock(), "pending_until": None}
                tx.users.change(user, hashed_password=hashed, **proved)
            acting().of(user)
            self._attempts.forgive(tx, user.email_key)
            acting().accept(tx)
            if not self.classic:
                self._end_the_old(tx, user, strange=strange)
            return self._known_devices.keep(user, number, cookie) if number else None

    def _end_the_old(self, tx: Transaction, user: User, *, strange: bool) -> None:
        if strange and user.factors:
            # Nobody had shown to own the address: the factor is of who registered it, and may be
            # there to shut out whoever reads its mail. Others stay: a mailbox is no factor.
            tx.factors.drop(user)
            self._outbox.add(tx, FACTOR_REMOVED, user.email, user_id=user.id)
        tx.sessions.close_all(user.id)
        self._tokens.void(tx, user)
        self._outbox.add(tx, PASSWORD_RESET, user.email, user_id=user.id)
