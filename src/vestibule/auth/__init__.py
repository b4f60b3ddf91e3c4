"""The front desk: everything that can be asked of the service, whoever asks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from vestibule.auth.accounts import Accounts
from vestibule.auth.acts import acting
from vestibule.auth.addresses import comparison_key, require_well_formed, storable_key
from vestibule.auth.attempts import Attempts
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.breaches import Breaches
from vestibule.auth.caller import Caller, nobody
from vestibule.auth.chain import Chain
from vestibule.auth.devices import Device
from vestibule.auth.email_changes import EmailChanges
from vestibule.auth.errors import BadCredentials, NoSession
from vestibule.auth.factor_desks import FactorDesks
from vestibule.auth.hashing import Hasher
from vestibule.auth.keys import Keys
from vestibule.auth.known_devices import KnownDevices
from vestibule.auth.operators import Operators
from vestibule.auth.outbox import Outbox
from vestibule.auth.owners import Owners
from vestibule.auth.passwords import WRONG, Overtaken, Passwords
from vestibule.auth.policy import Policy
from vestibule.auth.rate_limits import RateLimits, Spent
from vestibule.auth.registrations import Registrations, Rules
from vestibule.auth.resets import Resets
from vestibule.auth.schemes import Argon2id, Bcrypt
from vestibule.auth.sessions import Sessions
from vestibule.auth.tokens import Tokens
from vestibule.auth.trail import Trail
from vestibule.auth.upkeep import Upkeep
from vestibule.config import Clock, Settings, clock, read_breach_list
from vestibule.db import DB
from vestibule.user import User

# The exercise's sessions and tokens have no end.
ENDLESS = timedelta(days=36500)
# Nor do they know a 503.
CLASSIC_WAIT = timedelta(minutes=1)


@dataclass(frozen=True)
class Auth:
    """Seven methods of the exercise, the flows that join several desks, and the desks themselves.

    In the classic profile they mean what the exercise's contract says, to the letter.
    """

    _db: DB
    _clock: Clock
    classic: bool
    keys: Keys
    audit: Audit
    trail: Trail
    passwords: Passwords
    sessions: Sessions
    factors: FactorDesks
    tokens: Tokens
    outbox: Outbox
    operators: Operators
    known_devices: KnownDevices
    attempts: Attempts
    accounts: Accounts
    email_changes: EmailChanges
    registrations: Registrations
    resets: Resets
    upkeep: Upkeep

    @classmethod
    def open(
        cls, settings: Settings, clock: Clock = clock, caller: Callable[[], Caller] = nobody
    ) -> Auth:
        """The front desk of the service; ``caller`` tells the audit trail who asks now."""
        db, keys = DB(settings.database), Keys.open(settings)
        audit = Audit(db, clock, Chain(keys), caller, settings.audit_retention)
        sessions, tokens = _sessions(settings, db, clock, audit), _tokens(settings, db, clock)
        outbox = Outbox.open(settings, db, clock, tokens, audit)
        rate_limits, devices = RateLimits.open(settings, db, clock), KnownDevices(db, clock, keys)
        attempts, here = Attempts.of(settings, rate_limits, devices, outbox), (db, clock, audit)
        passwords = Passwords(db, _hasher(settings), _policy(settings), _breaches(settings, audit))
        owners, rules = Owners(db, passwords, sessions, attempts), Rules.of(settings)
        factors = FactorDesks.of(settings, keys, db, sessions, owners, attempts, tokens, outbox)
        registrations = Registrations(
            db, clock, audit, passwords, factors.entrance, tokens, outbox, attempts, rules
        )
        upkeep = Upkeep(db, sessions, factors, tokens, rate_limits, outbox, audit, registrations)
        return cls(
            _db=db,
            _clock=clock,
            classic=settings.classic,
            keys=keys,
            audit=audit,
            trail=Trail(db, Chain(keys)),
            passwords=passwords,
            sessions=sessions,
            factors=factors,
            tokens=tokens,
            outbox=outbox,
            known_devices=devices,
            attempts=attempts,
            operators=Operators(db, clock, audit, tokens, attempts),
            accounts=Accounts(db, clock, audit, owners, sessions, factors.entrance, tokens, outbox),
            email_changes=EmailChanges(
                db, clock, audit, owners, passwords, tokens, outbox, attempts, settings.concealed
            ),
            registrations=registrations,
            resets=Resets(*here, passwords, tokens, outbox, attempts, devices, settings.classic),
            upkeep=upkeep,
        )

    @recorded("register")
    def register_user(self, email: str, password: str, device: Device | None = None) -> User:
        """Make an account and return it.

        :param device: where a visitor asks from, for the count of accounts.
        :raises EmailTaken: the address, in this or another spelling, has one.
        :raises BadAddress: mail could not go there.
        :raises PasswordRefused: the policy does not allow the password.
        :raises TooManyAttempts: too many accounts were made from there.
        :raises Busy: it waited too long for the hash.
        """
        key = storable_key(email) if self.classic else require_well_formed(email)
        acting().email_key = key
        return self.registrations.register(email, key, password, device)

    def valid_login(self, email: str, password: str) -> bool:
        """Whether ``password`` is the one of the account; an unknown address has none."""
        return self.passwords.check(comparison_key(email), password) is not None

    @recorded("login")
    def login(
        self,
        email: str,
        password: str,
        device: Device | None = None,
        instead_of: str | None = None,
    ) -> str:
        """Open a session for who knows the password, and return its id.

        :param device: where a visitor asks from: it is counted by, and shown to the owner.
        :param instead_of: the session id that the request came with; its session ends.
        :raises BadCredentials: wrong address or password.
        :raises FactorOwed: the password is right, and the account has a factor.
        :raises TooManyAttempts: too many failures for this address, or from there.
        :raises Busy: it waited too long for the hash; that counts as no failure.
        """
        key = acting().email_key = comparison_key(email)
        try:
            with self.attempts.login(email, key, device) as attempt:
                enter = partial(self._enter, key, password, attempt, device, instead_of)
                try:
                    return enter()
                except Overtaken:
                    # By a reset, which is final; or by a login that replaced a weak hash.
                    return enter()
        except BadCredentials as refusal:
            raise self.registrations.conceal(refusal) from None

    def _enter(
        self,
        key: str,
        password: str,
        attempt: Spent,
        device: Device | None,
        instead_of: str | None,
    ) -> str:
        checked = self.passwords.check(key, password)
        if checked is None:
            raise BadCredentials(WRONG)
        # Before anything is written: it must not take longer than with a wrong password.
        self.registrations.require_admitted(checked, device)
        with self._db.begin() as tx:
            # A reset may have committed while the hash was computed.
            user = self.passwords.confirm(tx, checked)
            tx.users.change(user, pending_until=None)
            self.attempts.succeeded(tx, attempt)
            admitted = self.factors.entrance.admit(tx, user, device, instead_of)
        return admitted.whole()

    def create_session(self, email: str) -> str | None:
        """Open a session for the account of this address, and return its id; nobody: ``None``.

        Nothing is proved: it is for programs that know by themselves who asks.
        """
        with self._db.begin() as tx:
            user = tx.users.with_key(comparison_key(email))
            if user is None or user.disabled_at:
                return None
            return self.factors.entrance.let_in(tx, user)

    def get_user_from_session_id(self, session_id: str | None) -> User | None:
        """Whose session this is, or ``None`` if it is not open."""
        visit = self.sessions.find(session_id)
        if visit is None:
            return None
        with self._db.read() as tx:
            return tx.users.get(visit.user_id)

    def destroy_session(self, user_id: int) -> None:
        """End every session of the user; an unknown user has none."""
        self.sessions.close_all(user_id)

    @recorded("logout")
    def log_out(self, session_id: str | None) -> bool:
        """End this session, or this login that owes a factor, and say whether it was open."""
        visit = self.sessions.find(session_id)
        if session_id and visit:
            acting().by(visit.user_id, session_id, visit.pseudonym)
            if self.sessions.close(session_id):
                return True
        elif session_id and not self.classic and self.factors.entrance.abandon(session_id):
            return True
        acting().refuse(NoSession.code)
        return False

    def get_reset_password_token(self, email: str) -> str:
        """A fresh reset token, in place of an earlier one.

        :raises UnknownEmail: nobody has this address.
        """
        return self.resets.issue(email)

    def update_password(self, reset_token: str | None, password: str) -> None:
        """Spend the token and set the password.

        :raises BadToken: unknown, expired or used; nothing is changed.
        :raises PasswordRefused: the policy does not allow it; the token stays valid.
        """
        self.resets.complete(reset_token, password)


def _hasher(settings: Settings) -> Hasher:
    # One hash at a time for each core: more at once would take longer each, and more memory.
    slots = max(1, len(os.sched_getaffinity(0)) // settings.workers)
    if settings.classic:
        return Hasher(Bcrypt(), slots, CLASSIC_WAIT)
    return Hasher(Argon2id(), slots, settings.hashing_wait)


def _breaches(settings: Settings, audit: Audit) -> Breaches | None:
    if settings.classic or not settings.breached_passwords:
        return None
    where = read_breach_list(settings.breached_passwords)
    return Breaches(where, lambda why: audit.refuse("password.breach_check", why))


def _sessions(settings: Settings, db: DB, clock: Clock, audit: Audit) -> Sessions:
    return Sessions(
        db,
        clock,
        audit,
        idle=ENDLESS if settings.classic else settings.session_idle,
        lifetime=ENDLESS if settings.classic else settings.session_lifetime,
        recent=settings.recent_login,
        single=settings.classic,
    )


def _tokens(settings: Settings, db: DB, clock: Clock) -> Tokens:
    reset = ENDLESS if settings.classic else settings.reset_lifetime
    return Tokens(db, clock, reset, settings.factors_wait, settings.link_lifetime)


def _policy(settings: Settings) -> Policy | None:
    return None if settings.classic else Policy(settings.password_min_length, settings.called)
