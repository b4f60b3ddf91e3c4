"""Factors of people who are logged in, or have to add one to be: seen, added, taken away.

A thief with a session must not add a factor and lock the owner out, nor take one away: each of
these acts needs a proof that is minutes old (``SecondSteps.prove``). Each ends every other session
and every login that is under way, gives this session a new id, and tells the owner by mail. Where a
login owes that a factor is added, the password was shown just now: it adds one, and is a session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from vestibule.auth import recovery_codes
from vestibule.auth.acts import PUBLIC_DIGITS, acting
from vestibule.auth.addresses import comparison_key
from vestibule.auth.attempts import Attempts
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.crypto import digest
from vestibule.auth.devices import Device
from vestibule.auth.entrance import ENROL, Entrance
from vestibule.auth.errors import FactorNeeded, LoginOver, NoSession, UnknownFactor, WrongFactor
from vestibule.auth.letters import FACTOR_ADDED, FACTOR_REMOVED, RECOVERY_CODES_MADE
from vestibule.auth.outbox import Outbox
from vestibule.auth.passkey_errors import PasskeyNeeded
from vestibule.auth.proofs import ONE_TIME_CODE, PASSWORD, also
from vestibule.auth.sessions import Sessions
from vestibule.auth.tokens import DISOWN, Tokens
from vestibule.auth.totp import Offer, Totp, digits
from vestibule.db import DB, Transaction
from vestibule.db.factors import PASSKEY
from vestibule.user import Login, Passkey, User


class OwnPasskey(NamedTuple):
    """A passkey, as it is shown to whose it is."""

    public_id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    # Whether it is on other devices as well, or could be brought back to one.
    backed_up: bool

    @classmethod
    def of(cls, row: Passkey) -> OwnPasskey:
        """What is shown of a row."""
        shown = row.digest[:PUBLIC_DIGITS]
        return cls(shown, row.name, row.created_at, row.last_used_at, row.backed_up)


class Factors(NamedTuple):
    """What an account has besides its password."""

    # When the authenticator for one-time codes was added, if there is one.
    otp: datetime | None
    recovery_codes: int
    # Whether the account has to have a factor.
    required: bool
    # When an operator's way back takes all of it away, if one is under way.
    end_at: datetime | None
    passkeys: list[OwnPasskey]
    # Whether a password opens it, with or without them.
    password: bool


class Holder(NamedTuple):
    """Who may add a factor."""

    user_id: int
    email: str
    # The login by which they do, if it is no session.
    login: Login | None = None


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
    _tokens: Tokens
    _outbox: Outbox
    _totp: Totp

    def listing(self, session_id: str | None) -> Factors:
        """The factors of whose session this is.

        :raises NoSession: it is not open.
        """
        visit = self._sessions.require(session_id)
        with self._db.read() as tx:
            user = tx.users.get(visit.user_id)
            if user is None:
                raise NoSession
            row = tx.factors.totp(user.id)
            left = tx.factors.codes_left(user.id)
            passkeys = [OwnPasskey.of(each) for each in tx.passkeys.of_user(user.id)]
        since, required = row.created_at if row else None, self._entrance.requires_factor(user)
        ends, password = user.factors_end_at, bool(user.hashed_password)
        return Factors(since, left, required, ends, passkeys, password)

    @recorded("factor.offer")
    def offer(self, session_id: str | None) -> Offer:
        """A secret for an authenticator; it is the account's once a code of it was shown.

        :param session_id: of a session, or of a login that owes that a factor is added.
        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        """
        holder = self.holder(session_id)
        if not holder.login:
            with self._db.read() as tx:
                self._sessions.require_recent(tx, session_id, holder.user_id)
        acting().allow()
        return self._totp.offer(session_id, holder.email)

    def offered(self, session_id: str | None, ticket: str) -> Offer:
        """The same secret once more, for who mistyped its code.

        :raises NoSession: the session is not open.
        :raises ChallengeOver: the offer is too old, or was made to another session.
        """
        return self._totp.again(session_id, self.holder(session_id).email, ticket)

    @recorded("factor.add")
    def add(
        self, session_id: str | None, ticket: str, code: str, device: Device | None = None
    ) -> Changed:
        """Make an offer the account's factor, in place of an earlier one.

        The first one brings recovery codes.

        :param session_id: as for ``offer``.
        :param device: where a session opens, where there is none yet.
        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises ChallengeOver: the offer is too old, or was made to another session.
        :raises WrongFactor: the code is not one of it; the offer stays.
        :raises TooManyAttempts: they were changed too often.
        """
        holder = self.holder(session_id)
        secret, short = self._totp.offered(session_id, ticket), digits(code)
        if short is None or not self._totp.makes(secret, short):
            raise WrongFactor
        with self.changing(holder, session_id, FACTOR_ADDED, device) as change:
            first = not change.user.factors
            self._totp.keep(change.tx, change.user, secret, short)
            # Guesses at an earlier secret are nothing to the new one.
            self._attempts.forgive_factor(change.tx, change.user)
            change.shown = also(change.shown, ONE_TIME_CODE)
            codes = recovery_codes.replace(change.tx, change.user) if first else None
        return change.done(codes)

    @recorded("factor.remove")
    def remove(self, session_id: str | None) -> Changed:
        """Take the authenticator from the account; the recovery codes go with the last factor.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises UnknownFactor: there is none.
        :raises FactorNeeded: the account has to have one.
        :raises TooManyAttempts: they were changed too often.
        """
        with self.changing(self.visitor(session_id), session_id, FACTOR_REMOVED) as change:
            if not change.tx.factors.remove_totp(change.user):
                raise UnknownFactor
            self.require_left(change.user)
        return change.done()

    @recorded("factor.recovery_codes")
    def renew_recovery_codes(self, session_id: str | None) -> Changed:
        """New recovery codes; the earlier ones are good no more.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises UnknownFactor: there is nothing that they could stand in for.
        :raises TooManyAttempts: they were changed too often.
        """
        with self.changing(self.visitor(session_id), session_id, RECOVERY_CODES_MADE) as change:
            if not change.user.factors:
                raise UnknownFactor
            codes = recovery_codes.replace(change.tx, change.user)
        return change.done(codes)

    def require_left(self, user: User) -> None:
        """Accept what is left of a user's factors.

        :raises FactorNeeded: the account has to have one.
        :raises PasskeyNeeded: nothing would open it.
        """
        if not user.factors and self._entrance.requires_factor(user):
            raise FactorNeeded
        if not user.hashed_password and PASSKEY not in user.factors.split():
            raise PasskeyNeeded

    def visitor(self, session_id: str | None) -> Holder:
        """Whose session this is.

        :raises NoSession: it is not open.
        """
        visit = self._sessions.require(session_id)
        acting().by(visit.user_id, session_id, visit.pseudonym)
        return Holder(visit.user_id, visit.email)

    def holder(self, session_id: str | None) -> Holder:
        """Whose session this is, or who has to add a factor before this is one.

        :raises NoSession: it is neither.
        """
        try:
            return self.visitor(session_id)
        except NoSession:
            with self._db.read() as tx, suppress(LoginOver):
                login, user = self._entrance.half_done(tx, session_id, ENROL)
                acting().of(user)
                return Holder(user.id, user.email, login)
            raise

    @contextmanager
    def changing(
        self, holder: Holder, session_id: str | None, mail: str, device: Device | None = None
    ) -> Iterator[Change]:
        """Around a change and what follows from it, in one transaction. Refused, it does not count.

        :raises TooManyAttempts: so many mails go to this address already.
        """
        # Whoever registered another's address must not fill a mailbox, nor a copied session use up
        # what its owner has.
        if not holder.login:
            with self._db.read() as tx:
                self._sessions.require_recent(tx, session_id, holder.user_id)
        counted = self._attempts.mailing(mail, comparison_key(holder.email))
        with counted, self._db.begin() as tx:
            around = self._login if holder.login else self._session
            with around(tx, holder, session_id, device) as change:
                user, had = change.user, change.user.factors
                yield change
            if user.factors and not had:
                self._tokens.reserve_once(tx, user.id, DISOWN, user.email)  # See ``ways_back``.
            tx.sessions.close_all(user.id, but=digest(change.renewed))
            tx.logins.drop(user.id)
            self._outbox.add(tx, mail, user.email, user_id=user.id)
            acting().accept(tx)

    @contextmanager
    def _session(
        self, tx: Transaction, holder: Holder, session_id: str | None, _: Device | None
    ) -> Iterator[Change]:
        """Around a change by a session, which has another id then."""
        user = tx.users.get(holder.user_id)
        if user is None:
            raise NoSession
        row = self._sessions.require_recent(tx, session_id, user.id)
        change = Change(tx, user, PASSWORD if row.amr is None else row.amr)
        yield change
        self._entrance.stay(tx, user)
        proved = row.proved_at or row.created_at
        change.renewed = self._entrance.renew(tx, session_id, user, change.shown, proved)

    @contextmanager
    def _login(
        self, tx: Transaction, _: Holder, login_id: str | None, device: Device | None
    ) -> Iterator[Change]:
        """Around a change by a login that owed it, which is a session then."""
        try:
            login, user = self._entrance.half_done(tx, login_id, ENROL)
        except LoginOver:
            raise NoSession from None
        change = Change(tx, user, PASSWORD)
        yield change
        change.renewed = self._entrance.finish(tx, login, user, change.shown, device)
