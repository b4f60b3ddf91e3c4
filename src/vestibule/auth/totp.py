"""One-time codes that an authenticator makes of a secret and the time (RFC 6238, by pyotp).

The secret must be read again at each code, so it is no digest but sealed, for its user, by the
service's keys: a copied database makes no code. A code counts in its own thirty seconds and those
before and after, for clocks that are a little off, and once.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import pyotp

from vestibule.auth.crypto import digest
from vestibule.auth.errors import ChallengeOver, WrongFactor
from vestibule.auth.keys import BadSeal, Keys
from vestibule.config import Clock, Settings
from vestibule.db import Transaction
from vestibule.user import User

log = logging.getLogger(__name__)

# RFC 4226 section 4 recommends 160 bits.
SECRET_BYTES = 20
DIGITS, STEP_SECONDS, SKEW = 6, 30, 1
# How long an offer is good for: to find and install an authenticator takes a while.
OFFERED = timedelta(minutes=15)
STORED, OFFER = "totp", "totp.offer"


class Offer(NamedTuple):
    """A secret that nothing is made of yet, and how an authenticator gets it."""

    secret: str
    # What the picture says, and what a link on a telephone opens.
    uri: str
    ticket: str


@dataclass(frozen=True)
class Totp:
    """One-time codes."""

    _clock: Clock
    _keys: Keys
    # Under which name an authenticator lists the account, besides the address.
    _issuer: str

    @classmethod
    def of(cls, settings: Settings, clock: Clock, keys: Keys) -> Totp:
        """Those of the service that ``settings`` describe; without a name, its host is one."""
        host = urlsplit(settings.origin).hostname
        return cls(clock, keys, settings.site_name or host or settings.called)

    def offer(self, session_id: str | None, email: str) -> Offer:
        """A fresh secret for whose session this is. Nothing is stored: the ticket holds it."""
        secret = b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
        ends = int((self._clock() + OFFERED).timestamp())
        ticket = self._keys.seal(OFFER, f"{secret}.{ends}".encode(), context=_holder(session_id))
        return self._told(secret, email, ticket)

    def again(self, session_id: str | None, email: str, ticket: str) -> Offer:
        """An offer to this session once more.

        :raises ChallengeOver: too old, or not an offer to this session.
        """
        return self._told(self.offered(session_id, ticket), email, ticket)

    def _told(self, secret: str, email: str, ticket: str) -> Offer:
        uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=self._issuer)
        return Offer(secret, uri, ticket)

    def offered(self, session_id: str | None, ticket: str) -> str:
        """The secret of an offer to this session.

        :raises ChallengeOver: too old, or not an offer to this session.
        """
        try:
            plain = self._keys.unseal(OFFER, ticket, context=_holder(session_id)).decode()
        except BadSeal:
            raise ChallengeOver from None
        secret, _, ends = plain.partition(".")
        if datetime.fromtimestamp(int(ends), UTC) <= self._clock():
            raise ChallengeOver
        return secret

    def makes(self, secret: str, code: str) -> bool:
        """Whether an authenticator makes this code of the secret about now."""
        return self._step(secret, code, after=0) is not None

    def keep(self, tx: Transaction, user: User, secret: str, code: str) -> None:
        """Store the secret for the user, whose authenticator made this code of it.

        :raises WrongFactor: it did not.
        """
        step = self._step(secret, code, after=0)
        if step is None:
            raise WrongFactor
        tx.factors.put_totp(user, self._sealed(user, secret), step, self._clock())

    def accept(self, tx: Transaction, user: User, code: str) -> bool:
        """Whether the user's authenticator made this code, which is used up then."""
        row = tx.factors.totp(user.id)
        if row is None:
            return False
        try:
            secret = self._keys.unseal(STORED, row.sealed, context=user.pseudonym).decode()
        except BadSeal:
            # A key is gone. Recovery codes go without one.
            log.warning("factor.unreadable")
            return False
        step = self._step(secret, code, after=row.last_step)
        # Sealed by the newest key: after a rotation the older one is soon needed no more.
        return step is not None and tx.factors.accept(user.id, step, self._sealed(user, secret))

    def _step(self, secret: str, code: str, *, after: int) -> int | None:
        """The newest step that the code is of, if that is later than the step ``after``."""
        now = int(self._clock().timestamp()) // STEP_SECONDS
        steps = range(now - SKEW, now + SKEW + 1)
        sent, maker = code.encode(), pyotp.TOTP(secret)
        # All of them, whichever is right: time tells nothing.
        found = [hmac.compare_digest(maker.generate_otp(step).encode(), sent) for step in steps]
        right = [step for step, same in zip(steps, found, strict=True) if same and step > after]
        return max(right, default=None)

    def _sealed(self, user: User, secret: str) -> str:
        return self._keys.seal(STORED, secret.encode(), context=user.pseudonym)


def digits(text: str) -> str | None:
    """The six digits of a one-time code, as it may be typed; ``None`` if it is none."""
    code = "".join(text.split())
    return code if len(code) == DIGITS and code.isascii() and code.isdigit() else None


def _holder(session_id: str | None) -> str:
    return digest(session_id or "")
