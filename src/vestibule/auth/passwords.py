"""Passwords: checked, replaced, and hashed anew when today's hash is stronger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from vestibule.auth.acts import acting
from vestibule.auth.breaches import Breaches
from vestibule.auth.errors import BadCredentials
from vestibule.auth.hashing import Hasher
from vestibule.auth.policy import Judgement, Policy, require_readable
from vestibule.db import DB, Transaction
from vestibule.user import User

WRONG = "Wrong address or password."
# In place of a hash, where no password opens the account.
NONE = ""


class Overtaken(BadCredentials):
    """The hash is another than the one that was checked; the password may still be the same."""


class Checked(NamedTuple):
    """A password that was right, and the hash that it was right for."""

    user_id: int
    hashed: str
    # The same password by today's scheme, where that is stronger.
    stronger: str | None
    # Whether somebody showed to read the mail of the account's address.
    verified: bool


@dataclass(frozen=True)
class Passwords:
    """The passwords of all users."""

    _db: DB
    hasher: Hasher
    # None where any password is accepted: the classic profile.
    policy: Policy | None
    # None where nobody is asked: the default.
    _breaches: Breaches | None = None

    def judge(self, password: str, email: str) -> Judgement:
        """What the policy says of a password that somebody thinks of; no list is asked.

        :raises PasswordTooLong: more than 1,024 characters.
        """
        require_readable(password)
        return self.policy.judge(password, email) if self.policy else Judgement(None, None)

    def hash_new(self, password: str, email: str) -> str:
        """The hash of a new password, if the policy allows it. No transaction may be open.

        :raises PasswordRefused: the policy does not.
        :raises PasswordTooLong: more than 1,024 characters.
        :raises Busy: it waited too long for the hash.
        """
        if self.policy:
            self.policy.require(password, email)
        require_readable(password)
        if self._breaches:
            self._breaches.require_unknown(password)
        return self.hasher.hash(password)

    def check(self, email_key: str, password: str) -> Checked | None:
        """Whose account this opens, or ``None``: the same work for a wrong address and password.

        No transaction is open while the hash is computed; ``confirm`` it in the one that acts.

        :raises PasswordTooLong: more than 1,024 characters.
        :raises Busy: it waited too long for the hash.
        """
        require_readable(password)
        with self._db.look() as tx:
            user = tx.users.with_key(email_key)
        return self._check(user, password)

    def check_of(self, user_id: int, password: str) -> Checked | None:
        """The same for the account with this number.

        :raises PasswordTooLong: more than 1,024 characters.
        :raises Busy: it waited too long for the hash.
        """
        require_readable(password)
        with self._db.look() as tx:
            user = tx.users.get(user_id)
        return self._check(user, password)

    def without(self, user_id: int) -> Checked | None:
        """The account with this number, as if it were checked, where no password opens it."""
        with self._db.look() as tx:
            user = tx.users.get(user_id)
        if user is None or user.hashed_password or user.disabled_at:
            return None
        return Checked(user.id, NONE, None, user.verified_at is not None)

    def confirm(self, tx: Transaction, checked: Checked) -> User:
        """The account, if within ``tx`` its password is still the one that was checked.

        :raises Overtaken: it was changed, or only hashed anew.
        :raises BadCredentials: the account is disabled or gone.
        """
        user = tx.users.get(checked.user_id)
        if user is None or user.disabled_at:
            raise BadCredentials(WRONG)
        if user.hashed_password != checked.hashed:
            raise Overtaken(WRONG)
        if checked.stronger:
            tx.users.change(user, hashed_password=checked.stronger)
        return user

    def _check(self, user: User | None, password: str) -> Checked | None:
        # An account without a password has an empty hash: like nobody's, it costs the same work.
        acting().of(user)
        right = self.hasher.verify(password, user.hashed_password if user else None)
        if not right or user is None or not user.hashed_password or user.disabled_at:
            return None
        hashed = user.hashed_password
        weak = self.hasher.weak(hashed)
        stronger = self.hasher.hash(password) if weak else None
        return Checked(user.id, hashed, stronger, user.verified_at is not None)
