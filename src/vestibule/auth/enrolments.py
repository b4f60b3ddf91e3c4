"""Factors of people who are logged in: seen, added, taken away.

A thief with a session must not add a factor and lock the owner out, nor take one away: each of
these acts needs a proof that is minutes old (``SecondSteps.prove``). Each ends every other session
and every login that is under way, gives this session a new id, and tells the owner by mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from vestibule.auth import recovery_codes
from vestibule.auth.acts import acting
from vestibule.auth.addresses import comparison_key
from vestibule.auth.attempts import Attempts
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.crypto import digest
from vestibule.auth.entrance import Entrance
from vestibule.auth.errors import NoSession, UnknownFactor, WrongFactor
from vestibule.auth.letters import FACTOR_ADDED, FACTOR_REMOVED, RECOVERY_CODES_MADE
from vestibule.auth.outbox import Outbox
from vestibule.auth.proofs import ONE_TIME_CODE, PASSWORD, amr
from vestibule.auth.sessions import Sessions
from vestibule.auth.totp import Offer, Totp, digits
from vestibule.db import DB, Transaction
from vestibule.user import User


class Factors(NamedTuple):
    """What an account has besides its password."""

    # When the authenticator for one-time codes was added, if there is one.
    otp: datetime | None
    recovery_codes: int


class Changed(NamedTuple):
    """Whose factors were changed, the new id of their session, and codes that are shown once."""

    email: str
    session_id: str
    recovery_codes: list[str] | None = None


@dataclass
class Change:
    """A change under way: who asks, and what their session has proved when it is done."""

    tx: Transaction
    user: User
    shown: str
    renewed: str = ""

    def done(self, codes: list[str] | None = None) -> Changed:
        """What the owner is told."""
        return Changed(self.user.email, self.renewed, codes)


@dataclass(frozen=True)
class Enrolments:
    """The factors of those who are logged in."""

    _db: DB
    audit: Audit
    _sessions: Sessions
    _entrance: Entrance
    _attempts: Attempts
    _outbox: Outbox
    _totp: Totp

    def listing(self, session_id: str | None) -> Factors:
        """The factors of whose session this is.

        :raises NoSession: it is not open.
        """
        visit = self._sessions.require(session_id)
        with self._db.read() as tx:
            row = tx.factors.totp(visit.user_id)
            left = tx.factors.codes_left(visit.user_id)
        return Factors(row.created_at if row else None, left)

    @recorded("factor.offer")
    def offer(self, session_id: str | None) -> Offer:
        """A secret for an authenticator; it is the account's once a code of it was shown.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        """
        visit = self._sessions.require(session_id)
        acting().by(visit.user_id, session_id, visit.pseudonym)
        with self._db.read() as tx:
            self._sessions.require_recent(tx, session_id, visit.user_id)
        acting().allow()
        return self._totp.offer(session_id, visit.email)

    @recorded("factor.add")
    def add(self, session_id: str | None, ticket: str, code: str) -> Changed:
        """Make an offer the account's factor, in place of an earlier one.

        The first one brings recovery codes.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises ChallengeOver: the offer is too old, or was made to another session.
        :raises WrongFactor: the code is not one of it; the offer stays.
        :raises TooManyAttempts: they were changed too often.
        """
        visit = self._sessions.require(session_id)
        acting().by(visit.user_id, session_id, visit.pseudonym)
        secret, short = self._totp.offered(session_id, ticket), digits(code)
        if short is None or not self._totp.makes(secret, short):
            raise WrongFactor
        with self._change(session_id, FACTOR_ADDED) as change:
            first = not change.user.factors
            self._totp.keep(change.tx, change.user, secret, short)
            # Guesses at an earlier secret are nothing to the new one.
            self._attempts.forgive_factor(change.tx, change.user)
            change.shown = amr(PASSWORD, ONE_TIME_CODE)
            codes = recovery_codes.replace(change.tx, change.user) if first else None
        return change.done(codes)

    @recorded("factor.remove")
    def remove(self, session_id: str | None) -> Changed:
        """Take the authenticator from the account, and the recovery codes with it.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises UnknownFactor: there is none.
        :raises TooManyAttempts: they were changed too often.
        """
        with self._change(session_id, FACTOR_REMOVED) as change:
            self._require_factor(change.user)
            change.tx.factors.drop(change.user)
        return change.done()

    @recorded("factor.recovery_codes")
    def renew_recovery_codes(self, session_id: str | None) -> Changed:
        """New recovery codes; the earlier ones are good no more.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises UnknownFactor: there is nothing that they could stand in for.
        :raises TooManyAttempts: they were changed too often.
        """
        with self._change(session_id, RECOVERY_CODES_MADE) as change:
            self._require_factor(change.user)
            codes = recovery_codes.replace(change.tx, change.user)
        return change.done(codes)

    @contextmanager
    def _change(self, session_id: str | None, mail: str) -> Iterator[Change]:
        """Around a change, as one transaction with all that follows from it.

        :raises TooManyAttempts: so many mails go to this address already.
        """
        visit = self._sessions.require(session_id)
        acting().by(visit.user_id, session_id, visit.pseudonym)
        # Whoever registered somebody else's address must not fill their mailbox.
        self._attempts.mail("factor", None, comparison_key(visit.email))
        with self._db.begin() as tx:
            user = tx.users.get(visit.user_id)
            if user is None:
                raise NoSession
            row = self._sessions.require_recent(tx, session_id, user.id)
            change = Change(tx, user, PASSWORD if row.amr is None else row.amr)
            yield change
            proved = row.proved_at or row.created_at
            change.renewed = self._entrance.renew(tx, session_id, user, change.shown, proved)
            tx.sessions.close_all(user.id, but=digest(change.renewed))
            tx.logins.drop(user.id)
            self._outbox.add(tx, mail, user.email, user_id=user.id)
            acting().accept(tx)

    def _require_factor(self, user: User) -> None:
        if not user.factors:
            raise UnknownFactor
