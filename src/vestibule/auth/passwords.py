"""Passwords: checked, replaced, and hashed anew when today's hash is stronger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from vestibule.auth.addresses import comparison_key
from vestibule.auth.crypto import Hasher
from vestibule.auth.errors import BadCredentials
from vestibule.auth.policy import Policy, require_readable
from vestibule.db import DB, Transaction


class Checked(NamedTuple):
    """A password that was right, and the hash that it was right for."""

    user_id: int
    hashed: str
    # The same password by today's scheme, where that is stronger.
    stronger: str | None


@dataclass(frozen=True)
class Passwords:
    """The passwords of all users."""

    _db: DB
    _hasher: Hasher
    # None where any password is accepted: the classic profile.
    policy: Policy | None

    def hash_new(self, password: str, email: str) -> str:
        """The hash of a new password, if the policy allows it.

        :raises PasswordRefused: the policy does not.
        :raises PasswordTooLong: more than 1,024 characters.
        """
        if self.policy:
            self.policy.require(password, email)
        require_readable(password)
        return self._hasher.hash(password)

    def check(self, email: str, password: str) -> Checked | None:
        """Whose account this opens, or ``None``: the same work for a wrong address and password.

        No transaction is open while the hash is computed; ``confirm`` it in the one that acts.

        :raises PasswordTooLong: more than 1,024 characters.
        """
        require_readable(password)
        with self._db.read() as tx:
            user = tx.users.with_key(comparison_key(email))
        if not self._hasher.verify(password, user.hashed_password if user else None) or not user:
            return None
        hashed = user.hashed_password
        weak = self._hasher.weak(hashed)
        return Checked(user.id, hashed, self._hasher.hash(password) if weak else None)

    def confirm(self, tx: Transaction, checked: Checked) -> None:
        """Make sure, within ``tx``, that the password was not changed since it was checked.

        :raises BadCredentials: it was, or the account is gone.
        """
        user = tx.users.get(checked.user_id)
        if user is None or user.hashed_password != checked.hashed:
            raise BadCredentials("Wrong address or password.")
        if checked.stronger:
            user.hashed_password = checked.stronger
