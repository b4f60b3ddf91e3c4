"""Single-use tokens that prove that somebody reads the mail of an address.

The threat is a link that works for somebody else, twice, too long, or for another purpose than it
was sent for. The link has 128 random bits, the table their SHA-256 digest. A row is bound to a
user, a purpose and, where it is about an address, to that address; a user has one of each purpose,
so that a new one replaces the old. What a token was issued for may change: a new password, another
address, a disabled account. That change removes the tokens in its own transaction.

Tokens are made when their mail is written. Until then the request can be reserved: a row that no
secret opens, which a change removes like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vestibule.auth.acts import acting
from vestibule.auth.addresses import comparison_key
from vestibule.auth.crypto import digest, new_secret
from vestibule.auth.errors import BadToken
from vestibule.config import Clock
from vestibule.db import DB, Transaction
from vestibule.user import Token, User

RESET, VERIFY, CHANGE, UNDO = "reset", "verify", "change", "undo"
# A first factor was not the owner's doing; and: factors that an operator takes away are to stay.
DISOWN, KEEP = "disown", "keep"
# Counted from the request, not from when the mail is written.
FROM_REQUEST = (CHANGE, DISOWN, KEEP)
# Somebody who reads no mail over a weekend has it on Monday.
DISOWNED = timedelta(days=3)
# As long as mail is tried to be sent: a mail server that is down must not cost the owner the link.
UNDO_RESERVED = timedelta(days=1)


@dataclass(frozen=True)
class Tokens:
    """The tokens of all users. Only digests are stored; falsy ones match nobody."""

    _db: DB
    _clock: Clock
    # Of a reset token, of one that keeps factors, and of all others.
    _reset_lifetime: timedelta
    _wait: timedelta
    _link_lifetime: timedelta

    def lifetime(self, purpose: str) -> timedelta:
        """How long a token for this purpose works."""
        own = {RESET: self._reset_lifetime, KEEP: self._wait, DISOWN: DISOWNED}
        return own.get(purpose, self._link_lifetime)

    def issue(self, tx: Transaction, user_id: int, purpose: str, address: str | None = None) -> str:
        """A fresh token, in place of the user's earlier one for the same purpose."""
        token, ends = new_secret(), self._clock() + self.lifetime(purpose)
        asked = purpose in FROM_REQUEST
        place = tx.tokens.of(user_id, purpose, self._clock()) if asked else None
        if place is not None:
            # Of a change, the end is shown to who asked, and must not tell whether the address has
            # an account: it is the same whether or not there is a mail.
            ends = place.expires_at
        self._store(tx, user_id, purpose, token, ends, address)
        return token

    def reserve(
        self,
        tx: Transaction,
        user_id: int,
        purpose: str,
        address: str,
        ends: datetime | None = None,
    ) -> None:
        """Keep a place for the token that is made when its mail is written.

        :param ends: if not after the usual time.
        """
        lifetime = UNDO_RESERVED if purpose == UNDO else self.lifetime(purpose)
        ends = ends or self._clock() + lifetime
        self._store(tx, user_id, purpose, new_secret(), ends, address)

    def reserve_once(self, tx: Transaction, user_id: int, purpose: str, address: str) -> None:
        """The same, unless there is such a place or token already."""
        if not tx.tokens.of(user_id, purpose, self._clock()):
            self.reserve(tx, user_id, purpose, address)

    def look(self, token: str | None, purpose: str) -> Token:
        """The token, which stays valid.

        :raises BadToken: unknown, expired, spent, or meant for something else.
        """
        with self._db.read() as tx:
            return self._good(tx, token, purpose)

    def opens(self, token: str, purpose: str) -> bool:
        """Whether this token would be accepted now."""
        try:
            self.look(token, purpose)
        except BadToken:
            return False
        return True

    def spend(self, tx: Transaction, token: str | None, purpose: str) -> tuple[User, str | None]:
        """Spend the token; whose it was, and the address that it is about.

        :raises BadToken: unknown, expired, spent, or meant for something else.
        """
        found = self._good(tx, token, purpose)
        # The user's row first, as everybody does who changes an account: then nobody waits for
        # each other. Whoever had it may have spent the token, or removed it.
        user, now = tx.users.get(found.user_id), self._clock()
        last = now + self.lifetime(purpose)
        if not tx.tokens.spend(found.digest, purpose, now, last) or not user or user.disabled_at:
            raise BadToken(OVER)
        return user, found.address

    def void(self, tx: Transaction, user: User) -> None:
        """Remove all tokens of the user but those that lead back from what a thief did.

        A thief who changed the address, or added a factor, would otherwise kill the link that
        undoes it by changing the password too.
        """
        back = {"elsewhere": user.email_key, "kept": DISOWN, "kept_too": KEEP}
        tx.tokens.drop_all_but(user.id, UNDO, **back)

    def sweep(self, most: int) -> bool:
        """Remove up to ``most`` tokens that are over, and say whether there may be more."""
        now = self._clock()
        return self._db.sweep(lambda tx: tx.tokens.over(now), most)

    def _store(
        self,
        tx: Transaction,
        user_id: int,
        purpose: str,
        token: str,
        ends: datetime,
        address: str | None,
    ) -> None:
        tx.tokens.replace(
            user_id,
            purpose,
            digest=digest(token),
            expires_at=ends,
            address=address,
            address_key=None if address is None else comparison_key(address),
        )

    def _good(self, tx: Transaction, token: str | None, purpose: str) -> Token:
        now = self._clock()
        last = now + self.lifetime(purpose)
        found = tx.tokens.good(digest(token), purpose, now, last) if token else None
        if found is None:
            raise BadToken(OVER)
        acting().user_id = found.user_id
        return found


OVER = "This token is unknown, expired or used."
