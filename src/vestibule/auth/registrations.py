"""Registration, and the proof that somebody reads the mail of the address.

The threat is an account that somebody makes with the address of others, to be in it when its
owner comes ("pre-hijacking"). Where verification is asked for, an account is nobody's until the
link in the mail is opened *and* the password of its registration given: the owner's click alone
does not bring to life what a stranger registered, and a stranger has no link. Until then whoever
registers the address again replaces that password and gets a fresh link; after some days without
either, the account goes. A reset by mail proves the same, and replaces the password.

Where accounts are concealed, a registration reads the same for every address, and the owner of a
known one learns of it by mail.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from vestibule.auth.acts import acting
from vestibule.auth.attempts import Attempts
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.claims import reserved
from vestibule.auth.devices import Device
from vestibule.auth.entrance import Entrance
from vestibule.auth.errors import BadCredentials, EmailTaken, TooManyAttempts, Unverified
from vestibule.auth.letters import REGISTERED_AGAIN
from vestibule.auth.outbox import Outbox
from vestibule.auth.passwords import Checked, Passwords
from vestibule.auth.tokens import VERIFY, Tokens
from vestibule.config import Clock, Settings
from vestibule.db import DB, AlreadyExists
from vestibule.user import User

MOST_REMINDERS = 1000
UNSURE = "Wrong address or password, or an address that is not verified yet: see your mail."


class Rules(NamedTuple):
    """What an operator decides about registration."""

    # Whether addresses are verified before the first login.
    required: bool
    # Whether nobody is told which addresses have an account.
    concealed: bool
    # How long an account waits for that.
    kept: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """What ``settings`` say."""
        return cls(settings.must_verify, settings.concealed, settings.unverified_lifetime)


@dataclass(frozen=True)
class Registrations:
    """Accounts on their way to an owner."""

    _db: DB
    _clock: Clock
    audit: Audit
    _passwords: Passwords
    _entrance: Entrance
    _tokens: Tokens
    _outbox: Outbox
    _attempts: Attempts
    _rules: Rules
    # Whom to send a link, and where it was asked for. Lost with the process, asked for again.
    _reminders: deque[tuple[int, Device | None]] = field(
        default_factory=lambda: deque(maxlen=MOST_REMINDERS)
    )

    @property
    def concealed(self) -> bool:
        """Whether nobody is told which addresses have an account."""
        return self._rules.concealed

    @property
    def must_verify(self) -> bool:
        """Whether addresses are verified before the first login."""
        return self._rules.required

    def register(self, email: str, key: str, password: str, device: Device | None = None) -> User:
        """Make an account, or one anew whose address nobody verified, and return it.

        :param key: the address as it is compared.
        :raises EmailTaken: the address has an account; concealed, its owner gets a mail.
        :raises PasswordRefused: the policy does not allow the password.
        :raises TooManyAttempts: too many were made from there; concealed, of the address, too.
        """
        with self._attempts.registration(key, device, mails=self.concealed):
            hashed = self._passwords.hash_new(password, email)
            try:
                user = self._add(email, key, hashed)
            except AlreadyExists:
                # Somebody else's registration was faster, and is known by now.
                user = self._add(email, key, hashed)
            if user is None:
                raise EmailTaken(email)
            return user

    def require_admitted(self, checked: Checked, device: Device | None) -> None:
        """Let in who knows the password and verified the address; others get a fresh link soon.

        :raises Unverified: nobody did, and that is asked for.
        """
        if self._rules.required and not checked.verified:
            self._reminders.append((checked.user_id, device))
            raise Unverified

    def send_reminders(self) -> None:
        """Mail the links that are owed; not more often than now and then to the same address.

        Later than the answer, which would otherwise tell by its time that there is an account.
        """
        while self._reminders:
            user_id, device = self._reminders[0]
            with self._db.read() as tx:
                user = tx.users.get(user_id)
            with suppress(TooManyAttempts):
                if user is not None:
                    self._attempts.mail(VERIFY, device, user.email_key)
                    self._outbox.queue(VERIFY, user.email)
            self._reminders.popleft()

    def conceal(self, refusal: BadCredentials) -> BadCredentials:
        """What is said instead of ``refusal``, so that it does not tell of an account."""
        return BadCredentials(UNSURE) if self._rules.required and self.concealed else refusal

    @recorded("email.verify")
    def verify(
        self,
        token: str | None,
        password: str,
        device: Device | None = None,
        instead_of: str | None = None,
    ) -> tuple[str, str]:
        """Make the account its owner's, and log in: its address, and a session id.

        :param instead_of: the session id that the request came with; its session ends.
        :raises BadToken: unknown, expired or used.
        :raises BadCredentials: it is not the password of the registration; the token stays valid.
        :raises TooManyAttempts: the password was tried too often.
        :raises FactorOwed: the address is verified, and the login owes a factor.
        """
        found = self._tokens.look(token, VERIFY)
        with self._attempts.proof(found.digest, device):
            checked = self._passwords.check_of(found.user_id, password)
            if checked is None:
                raise BadCredentials("This is not the password that was chosen at registration.")
        with self._db.begin() as tx:
            self._passwords.confirm(tx, checked)
            user, _ = self._tokens.spend(tx, token, VERIFY)
            tx.users.change(user, verified_at=self._clock(), pending_until=None)
            admitted = self._entrance.admit(tx, user, device, instead_of, tell=False)
            if admitted.owes:
                acting().accept(tx)
        return user.email, admitted.whole()

    def sweep(self, most: int) -> bool:
        """Remove up to ``most`` accounts that waited too long, and say whether there may be more.

        Their addresses are free again.
        """
        now = self._clock()
        return self._rules.required and self._db.sweep(lambda tx: tx.users.over(now), most)

    def _add(self, email: str, key: str, hashed: str) -> User | None:
        now = self._clock()
        until = now + self._rules.kept if self._rules.required else None
        with self._db.begin() as tx:
            user, held = tx.users.with_key(key), reserved(tx, key, now)
            if self.concealed:
                # What leads to an earlier registration is over. Of nobody's there is nothing to
                # remove: the database does as much for every address, and time tells nothing.
                tx.tokens.drop(user.id if user and user.pending else 0, VERIFY)
            if user is None and not held:
                columns = {"email_key": key, "created_at": now, "pending_until": until}
                user = tx.users.add(email=email, hashed_password=hashed, **columns)
            elif user is not None and user.pending and self._rules.required and self.concealed:
                # Whoever registered it before has not shown to be its owner.
                tx.users.change(user, email=email, hashed_password=hashed, pending_until=until)
            else:
                if self.concealed:
                    tx.users.rewrite(user.id if user else 0)
                    self._outbox.add(tx, REGISTERED_AGAIN, email)
                    # Now and not later: it must take as long as an account that is made.
                    acting().accept(tx, EmailTaken.code)
                return None
            if self._rules.required:
                self._outbox.add(tx, VERIFY, user.email, user_id=user.id)
            acting().accept(tx)
            return user
