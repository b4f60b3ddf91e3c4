"""Single-use tokens that prove that somebody reads the mail of an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from vestibule.auth.crypto import digest, new_secret
from vestibule.auth.errors import BadToken
from vestibule.config import Clock
from vestibule.db import DB, Transaction

RESET = "reset"


@dataclass(frozen=True)
class Tokens:
    """The tokens of all users. Only digests are stored; falsy ones match nobody."""

    _db: DB
    _clock: Clock
    lifetime: timedelta

    def issue(self, tx: Transaction, user_id: int, purpose: str) -> str:
        """A fresh token, in place of the user's earlier one for the same purpose."""
        token = new_secret()
        tx.tokens.replace(user_id, purpose, digest(token), self._clock() + self.lifetime)
        return token

    def owner(self, tx: Transaction, token: str | None, purpose: str) -> int:
        """Whose token this is; it stays valid.

        :raises BadToken: unknown, expired, spent, or meant for something else.
        """
        found = self._owner(tx, token, purpose) if token else None
        if found is None:
            raise BadToken("This token is unknown, expired or used.")
        return found

    def opens(self, token: str, purpose: str) -> bool:
        """Whether this token would be accepted now."""
        with self._db.read() as tx:
            return bool(token) and self._owner(tx, token, purpose) is not None

    def spend(self, tx: Transaction, token: str | None, purpose: str) -> int:
        """Spend the token and return whose it was.

        :raises BadToken: unknown, expired, spent, or meant for something else.
        """
        spent = self._spend(tx, token, purpose) if token else None
        if spent is None:
            raise BadToken("This token is unknown, expired or used.")
        return spent

    def _owner(self, tx: Transaction, token: str, purpose: str) -> int | None:
        now = self._clock()
        return tx.tokens.owner(digest(token), purpose, now, now + self.lifetime)

    def _spend(self, tx: Transaction, token: str, purpose: str) -> int | None:
        now = self._clock()
        return tx.tokens.spend(digest(token), purpose, now, now + self.lifetime)

    def sweep(self) -> None:
        """Remove the tokens that are over."""
        with self._db.begin() as tx:
            tx.tokens.sweep(self._clock())
