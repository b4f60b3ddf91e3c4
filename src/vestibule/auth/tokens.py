"""Single-use tokens that prove that somebody reads the mail of an address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vestibule.auth.crypto import digest, new_secret
from vestibule.auth.errors import BadToken
from vestibule.config import Clock
from vestibule.db import DB, Transaction

RESET = "reset"
# Digest, purpose, now and the last moment that a token may end at; whose it is.
Query = Callable[[str, str, datetime, datetime], int | None]


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
        return self._required(tx.tokens.owner, token, purpose)

    def opens(self, token: str, purpose: str) -> bool:
        """Whether this token would be accepted now."""
        try:
            with self._db.read() as tx:
                self.owner(tx, token, purpose)
        except BadToken:
            return False
        return True

    def spend(self, tx: Transaction, token: str | None, purpose: str) -> int:
        """Spend the token and return whose it was.

        :raises BadToken: unknown, expired, spent, or meant for something else.
        """
        return self._required(tx.tokens.spend, token, purpose)

    def _required(self, found_by: Query, token: str | None, purpose: str) -> int:
        now = self._clock()
        user_id = found_by(digest(token), purpose, now, now + self.lifetime) if token else None
        if user_id is None:
            raise BadToken("This token is unknown, expired or used.")
        return user_id

    def sweep(self) -> None:
        """Remove the tokens that are over."""
        with self._db.begin() as tx:
            tx.tokens.sweep(self._clock())
