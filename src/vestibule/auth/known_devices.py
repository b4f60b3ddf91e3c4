"""Devices that an account was opened from before: their owners have failures of their own.

Who fails on purpose, from many places, can use up every budget of an account that strangers have.
The owner must not be locked out by that: a login leaves a signed cookie, and with it a browser
counts apart. The cookie opens nothing. Nothing is stored: it holds a random number to count by, and
the digest of what it is bound to: the account, its password as it is hashed, and what factors it
has. A new password or a first factor makes all devices strangers again, those of a thief too; but
the one that a reset was made on stays known, by its number. See also OWASP, "Slow Down
Online Guessing Attacks with Device Cookies".
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from vestibule.auth.crypto import digest
from vestibule.auth.errors import StorageUnavailable
from vestibule.auth.keys import Keys
from vestibule.config import Clock
from vestibule.db import DB
from vestibule.user import User

PURPOSE = "device"
# The longest that browsers keep a cookie (RFC 6265bis).
LIFETIME = timedelta(days=400)
# A family shares a browser: so many accounts know it at the same time.
ACCOUNTS = 5
BETWEEN = "~"


class Mark(NamedTuple):
    """One account's part of the cookie."""

    number: str
    bound: str
    signed: str


@dataclass(frozen=True)
class KnownDevices:
    """What browsers keep to be known by."""

    _db: DB
    _clock: Clock
    _keys: Keys

    def recognise(self, email_key: str, cookie: str | None) -> str | None:
        """The number of a device that the account with this address knows, or ``None``.

        :param cookie: what the browser sent.
        """
        marks = list(self._marks(cookie))
        if not marks:
            return None
        with self._db.look() as tx:
            user = tx.users.with_key(email_key)
        return self.number(user, cookie) if user else None

    def number(self, user: User, cookie: str | None) -> str | None:
        """The same for the account of who is found already."""
        return next((mark.number for mark in self._marks(cookie) if _is_bound(mark, user)), None)

    def keep(self, user: User, number: str, cookie: str | None) -> str:
        """The cookie by which a device stays known to an account that has another password now.

        It has the number that it had, and so no failures more: a reader of the mail could guess at
        factors on and on.
        """
        return self._written(user, number, cookie)

    def remember(self, session_id: str, cookie: str | None) -> str | None:
        """The cookie that makes a browser known to the account that was just opened on it.

        Each login makes a new number: what was failed under an old one stays with that. The login
        is done: where the database went away since, it stays done, and the browser unknown.

        :param cookie: what the browser sent; what other accounts know it by stays in it.
        """
        user = None
        with suppress(StorageUnavailable), self._db.look() as tx:
            user = tx.users.of_session(digest(session_id))
        if user is None:
            return None
        return self._written(user, secrets.token_hex(16), cookie)

    def _written(self, user: User, number: str, cookie: str | None) -> str:
        ends = int((self._clock() + LIFETIME).timestamp())
        new = self._keys.sign(PURPOSE, f"{number}.{_binding(user)}.{ends}")
        others = [
            mark.signed
            for mark in self._marks(cookie)
            if not _is_bound(mark, user) and mark.number != number
        ]
        return BETWEEN.join([new, *others][:ACCOUNTS])

    def _marks(self, cookie: str | None) -> Iterator[Mark]:
        """The parts that we signed and that are not too old."""
        for signed in (cookie or "").split(BETWEEN, ACCOUNTS)[:ACCOUNTS]:
            text = self._keys.unsign(PURPOSE, signed) if signed else None
            if text is None:
                continue
            number, bound, ends = text.split(".")
            if datetime.fromtimestamp(int(ends), UTC) > self._clock():
                yield Mark(number, bound, signed)


def _binding(user: User) -> str:
    # With the first factor all are strangers: who had the password alone could have made many, and
    # each has guesses of its own.
    factors = f"\0{user.factors}" if user.factors else ""
    return digest(f"{user.pseudonym}\0{user.hashed_password}{factors}")[:32]


def _is_bound(mark: Mark, user: User) -> bool:
    return hmac.compare_digest(mark.bound, _binding(user))
