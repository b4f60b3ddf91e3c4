"""The second step of a login, and the proof that whoever logged in once is still there.

A code is looked at inside the transaction that acts on it: it is used up, and the session opened or
renewed, together or not at all. What a guess costs is taken before, outside, and stays taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from vestibule.auth import recovery_codes
from vestibule.auth.acts import acting
from vestibule.auth.attempts import Attempts
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.crypto import digest
from vestibule.auth.devices import Device
from vestibule.auth.entrance import ENROL, FACTOR, TO_ADD, Entrance, owed_by
from vestibule.auth.errors import FactorOwed, WrongFactor
from vestibule.auth.letters import RECOVERY_CODE_USED
from vestibule.auth.outbox import Outbox
from vestibule.auth.owners import Owners, Proof
from vestibule.auth.proofs import ONE_TIME_CODE, PASSWORD, RECOVERY_CODE, amr
from vestibule.auth.rate_limits import Spent
from vestibule.auth.totp import Totp, digits
from vestibule.db import DB, Transaction
from vestibule.user import User


class Owed(NamedTuple):
    """What a login that is half done still owes, and until when."""

    # A factor of the account, or one that is to be added; and the kinds of which one is enough.
    owes: str
    factors: tuple[str, ...]
    expires_at: datetime


class Entered(NamedTuple):
    """A session, and how many recovery codes are left if one of them opened it."""

    email: str
    session_id: str
    recovery_codes: int | None


@dataclass(frozen=True)
class SecondSteps:
    """Those who show a factor besides the password."""

    _db: DB
    audit: Audit
    _entrance: Entrance
    _owners: Owners
    _attempts: Attempts
    _outbox: Outbox
    _totp: Totp

    def owed(self, login_id: str | None) -> Owed:
        """What the login still owes.

        :raises LoginOver: there is no such login, or it is over.
        """
        with self._db.read() as tx:
            login, user = self._entrance.half_done(tx, login_id)
        return Owed(login.owes, owed_by(user) or TO_ADD, login.expires_at)

    @recorded("login.factor")
    def finish(self, login_id: str | None, code: str, device: Device | None = None) -> Entered:
        """Open the session of a login that owed a factor.

        :param code: six digits of an authenticator, or a recovery code.
        :raises LoginOver: there is no such login, or it is over.
        :raises FactorOwed: there is no factor yet, and one is to be added.
        :raises WrongFactor: the code is not right, or was used; too often, and the login is over.
        :raises TooManyAttempts: too many wrong codes, for this account or from there.
        """
        with self._db.read() as tx:
            login, user = self._entrance.half_done(tx, login_id)
        acting().of(user)
        if login.owes == ENROL:
            raise FactorOwed(TO_ADD, owes=ENROL)
        end, short = partial(self._entrance.give_up, login), _is_short(code)
        with self._attempts.factor(login.digest, user, device, short=short, end=end) as spent:
            return self._enter(login_id, code, device, spent)

    @recorded("session.prove")
    def prove(
        self, session_id: str | None, password: str, code: str, device: Device | None = None
    ) -> Entered:
        """Show once more who it is: the session gets a new id, and counts as just logged in.

        :param code: as for ``finish``; it is looked at where the account has a factor.
        :raises NoSession: the session is not open.
        :raises BadCredentials: it is not the account's password.
        :raises FactorOwed: there is no code, and the account has a factor.
        :raises WrongFactor: the code is not right, or was used.
        :raises TooManyAttempts: tried too often.
        """
        proof = self._owners.prove(session_id, password, device)
        with self._db.read() as tx:
            user = tx.users.get(proof.checked.user_id)
        if user is None or not user.factors:
            return self._proved(proof, None, None)
        if not code:
            raise FactorOwed(owed_by(user))
        shown = digest(session_id or "")
        with self._attempts.factor(shown, user, device, short=_is_short(code)) as spent:
            return self._proved(proof, code, spent)

    def _enter(
        self, login_id: str | None, code: str, device: Device | None, spent: Spent
    ) -> Entered:
        with self._db.begin() as tx:
            # Looked at again: a reset may have overtaken it.
            login, user = self._entrance.half_done(tx, login_id, FACTOR)
            factor, left = self._accept(tx, user, code)
            session_id = self._entrance.finish(tx, login, user, factor, device)
            self._attempts.succeeded(tx, spent)
            acting().accept(tx)
            return Entered(user.email, session_id, left)

    def _proved(self, proof: Proof, code: str | None, spent: Spent | None) -> Entered:
        with self._db.begin() as tx:
            user = self._owners.recognise(tx, proof)
            if user.factors and code is None:
                # It was added since it was looked at.
                raise FactorOwed(owed_by(user))
            factor, left = self._accept(tx, user, code) if code is not None else (PASSWORD, None)
            shown = amr(PASSWORD, factor)
            session_id = self._entrance.renew(tx, proof.session_id, user, shown)
            if spent:
                self._attempts.succeeded(tx, spent)
            acting().accept(tx)
            return Entered(user.email, session_id, left)

    def _accept(self, tx: Transaction, user: User, code: str) -> tuple[str, int | None]:
        """Use the code up: what kind it was, and how many recovery codes are left if one it was.

        :raises WrongFactor: it is none, or was used already; which is not said.
        """
        short = digits(code)
        if short is not None:
            if not self._totp.accept(tx, user, short):
                raise WrongFactor
            return ONE_TIME_CODE, None
        if not recovery_codes.accept(tx, user, code):
            raise WrongFactor
        self._outbox.add(tx, RECOVERY_CODE_USED, user.email, user_id=user.id)
        return RECOVERY_CODE, tx.factors.codes_left(user.id)


def _is_short(code: str) -> bool:
    return digits(code) is not None
