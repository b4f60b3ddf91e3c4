"""Challenges for passkeys: drawn, handed out, answered once (WebAuthn section 13.4.3).

Nothing is stored when one is handed out, so that whoever only opens a page writes nothing: it
travels in a ticket, signed, with its purpose, its end, and whom it was handed to. Stored is, until
it ends, that a challenge was answered; whoever answers it again finds that.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from vestibule.auth.crypto import digest
from vestibule.auth.errors import ChallengeOver
from vestibule.auth.keys import Keys
from vestibule.config import Clock
from vestibule.db import DB, Transaction

# To add one; to log in with nothing else; besides a password; to show once more who asks.
Purpose = Literal["add", "login", "factor", "proof"]
SIGNED = "ceremony"
# WebAuthn asks for 16 bytes or more; ours are drawn for good measure as wide as their digest.
CHALLENGE_BYTES = 32
# What a browser gives people for it by itself, too (WebAuthn section 5.4).
LIFETIME = timedelta(minutes=5)


class Begun(NamedTuple):
    """A challenge to sign, and the ticket to send back with what was signed."""

    challenge: bytes
    ticket: str


class Challenge(NamedTuple):
    """A challenge that comes back."""

    plain: bytes
    ends: datetime


@dataclass(frozen=True)
class Ceremonies:
    """What is handed out to be signed by passkeys."""

    _db: DB
    _clock: Clock
    _keys: Keys

    def begin(self, purpose: Purpose, holder: str) -> Begun:
        """A fresh challenge.

        :param holder: the secret by which whoever answers is known to be the same: the id of a
            session, or of a login that owes a factor, or what a cookie holds for nobody.
        """
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        ends = int((self._clock() + LIFETIME).timestamp())
        text = f"{purpose}.{urlsafe_b64encode(challenge).decode()}.{ends}.{digest(holder)}"
        return Begun(challenge, self._keys.sign(SIGNED, text))

    def purpose(self, ticket: str) -> str | None:
        """What the ticket was handed out for; ``None``: it is none of ours."""
        text = self._keys.unsign(SIGNED, ticket)
        return text.partition(".")[0] if text else None

    def answered(self, ticket: str, purpose: Purpose, holder: str | None) -> Challenge:
        """The challenge of the ticket. ``spend`` it where it is acted on.

        :raises ChallengeOver: too old, handed out to somebody else, or for something else.
        """
        text = self._keys.unsign(SIGNED, ticket)
        if text is None:
            raise ChallengeOver
        meant, challenge, ends, held = text.split(".")
        found = Challenge(urlsafe_b64decode(challenge), datetime.fromtimestamp(int(ends), UTC))
        same = hmac.compare_digest(held, digest(holder or ""))
        if not holder or not same or meant != purpose or found.ends <= self._clock():
            raise ChallengeOver
        return found

    def spend(self, tx: Transaction, challenge: Challenge) -> None:
        """Use the challenge up, within ``tx``, which is given up if it was.

        :raises ChallengeOver: it was answered before.
        """
        if not tx.passkeys.spend(digest(challenge.plain.hex()), challenge.ends):
            raise ChallengeOver

    def sweep(self, most: int) -> bool:
        """Forget up to ``most`` that nobody can answer any more; whether there may be more."""
        now = self._clock()
        return self._db.sweep(lambda tx: tx.passkeys.over(now), most)
