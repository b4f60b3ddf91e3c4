"""Those who show a passkey: alone, besides a password, or to prove once more who they are.

Alone it opens an account only if its authenticator knew its user, by a finger, a face or a PIN:
then it is two factors, something that one has and something else. So it is for a proof. Besides a
password it is the second by itself. What is used up, the challenge and the count of uses, is so in
the transaction that opens or renews the session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from vestibule.auth.acts import acting
from vestibule.auth.attempts import Attempts
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.ceremonies import Ceremonies, Challenge, Purpose
from vestibule.auth.crypto import digest, new_secret
from vestibule.auth.devices import Device
from vestibule.auth.entrance import FACTOR, Entrance
from vestibule.auth.errors import StorageUnavailable, TooManyAttempts, Unverified
from vestibule.auth.letters import PASSKEY_COPIED
from vestibule.auth.outbox import Outbox
from vestibule.auth.own_passkeys import Asked
from vestibule.auth.passkey_errors import CopiedPasskey, WrongPasskey
from vestibule.auth.passkeys import Asserted, Passkeys, handle_of
from vestibule.auth.proofs import PASSKEY, VERIFIED, amr
from vestibule.auth.sessions import Sessions
from vestibule.auth.tokens import VERIFY
from vestibule.config import Clock
from vestibule.db import DB, Transaction
from vestibule.user import Passkey, User

ALONE = amr(PASSKEY, VERIFIED)


class Entered(NamedTuple):
    """Whose session it is, its id, and what the passkey was shown for."""

    email: str
    session_id: str
    purpose: Purpose


class Found(NamedTuple):
    """A passkey that was shown, and whose it is."""

    passkey: Passkey
    user: User
    challenge: Challenge
    asserted: Asserted


@dataclass(frozen=True)
class PasskeyLogins:
    """Passkeys that are shown."""

    _db: DB
    _clock: Clock
    audit: Audit
    _sessions: Sessions
    _entrance: Entrance
    _attempts: Attempts
    _outbox: Outbox
    _ceremonies: Ceremonies
    _passkeys: Passkeys
    # Whether addresses are verified before the first login.
    _must_verify: bool

    def ask(self, purpose: Purpose, holder: str | None) -> Asked:
        """What a browser is asked to sign.

        :param holder: the id of the session, for a proof; of the login, for a factor; for a login
            the secret that the browser got before, or it gets one.
        :raises LoginOver: for a factor: none is owed.
        :raises NoSession: for a proof: it is not open.
        :raises PasskeysUnavailable: there are none where the service is.
        """
        own: list[Passkey] = []
        # Whom it is about is told apart only by who is known already.
        if purpose == "factor":
            with self._db.read() as tx:
                own = tx.passkeys.of_user(self._entrance.half_done(tx, holder, FACTOR)[1].id)
        elif purpose == "proof":
            visit = self._sessions.require(holder)
            with self._db.read() as tx:
                own = tx.passkeys.of_user(visit.user_id)
        holder = holder or new_secret()
        begun = self._ceremonies.begin(purpose, holder)
        wanted = self._passkeys.request(begun, own, verified=purpose != "factor")
        return Asked(begun.ticket, wanted, holder)

    def show(
        self,
        ticket: str,
        sent: dict[str, Any],
        *,
        session_id: str | None,
        ceremony: str | None,
        device: Device | None = None,
    ) -> Entered:
        """Do what the ticket was asked for, as ``sign_in``, ``finish`` or ``prove`` do.

        :param session_id: the id of a session, or of a login that owes a factor, if there is one.
        :param ceremony: the secret by which a login was asked for.
        """
        match self._ceremonies.purpose(ticket):
            case "factor":
                return self.finish(session_id, ticket, sent, device)
            case "proof":
                return self.prove(session_id, ticket, sent, device)
        # Which refuses what is none of these.
        return self.sign_in(ceremony, ticket, sent, device, session_id)

    @recorded("login.passkey")
    def sign_in(
        self,
        ceremony: str | None,
        ticket: str,
        sent: dict[str, Any],
        device: Device | None = None,
        instead_of: str | None = None,
    ) -> Entered:
        """Open a session for who shows a passkey, whose authenticator knew them, and nothing else.

        :param instead_of: the session id that the request came with; its session ends.
        :raises ChallengeOver: too old, asked for by another browser, or answered already.
        :raises WrongPasskey: it opens no account, or was used in another way.
        :raises Unverified: the address is not verified yet, and that is asked for.
        :raises TooManyAttempts: too many failures from there.
        """
        challenge = self._ceremonies.answered(ticket, "login", ceremony)
        with self._attempts.passkey(device) as spent:
            found = self._find(sent, challenge, verified=True, alone=True)
            self._require_verified(found.user, device)
            with self._taking(found) as tx:
                user = self._take(tx, tx.users.get(found.user.id), found)
                tx.users.change(user, pending_until=None)
                self._attempts.succeeded(tx, spent)
                admitted = self._entrance.admit(tx, user, device, instead_of, ALONE)
        return Entered(user.email, admitted.whole(), "login")

    @recorded("login.factor")
    def finish(
        self,
        login_id: str | None,
        ticket: str,
        sent: dict[str, Any],
        device: Device | None = None,
    ) -> Entered:
        """Open the session of a login that owed a factor.

        :raises LoginOver: there is no such login, or it is over.
        :raises ChallengeOver: too old, for another login, or answered already.
        :raises WrongPasskey: it is not the account's, or was used in another way; too often, and
            the login is over.
        :raises TooManyAttempts: too many failures for this login, or from there.
        """
        with self._db.read() as tx:
            login, user = self._entrance.half_done(tx, login_id, FACTOR)
        acting().of(user)
        challenge = self._ceremonies.answered(ticket, "factor", login_id)
        end = partial(self._entrance.give_up, login)
        with self._attempts.factor(login.digest, user, device, end=end) as spent:
            found = self._find(sent, challenge, verified=False, of=user.id)
            with self._taking(found) as tx:
                # Looked at again: a reset may have overtaken it.
                login, user = self._entrance.half_done(tx, login_id, FACTOR)
                self._take(tx, user, found)
                session_id = self._entrance.finish(tx, login, user, PASSKEY, device)
                self._attempts.succeeded(tx, spent)
                acting().accept(tx)
        return Entered(user.email, session_id, "factor")

    @recorded("session.prove")
    def prove(
        self,
        session_id: str | None,
        ticket: str,
        sent: dict[str, Any],
        device: Device | None = None,
    ) -> Entered:
        """Show once more who it is: the session gets a new id, and counts as just logged in.

        :raises NoSession: the session is not open.
        :raises ChallengeOver: too old, for another session, or answered already.
        :raises WrongPasskey: it is not the account's, or was used in another way.
        :raises TooManyAttempts: too many failures for this session, or from there.
        """
        visit = self._sessions.require(session_id)
        acting().by(visit.user_id, session_id, visit.pseudonym)
        challenge = self._ceremonies.answered(ticket, "proof", session_id)
        with self._db.read() as tx:
            owner = tx.users.get(visit.user_id)
        if owner is None:
            raise WrongPasskey
        shown = digest(session_id or "")
        with self._attempts.factor(shown, owner, device) as spent:
            found = self._find(sent, challenge, verified=True, of=owner.id)
            with self._taking(found) as tx:
                user = self._take(tx, tx.users.get(owner.id), found)
                renewed = self._entrance.renew(tx, session_id, user, ALONE)
                self._attempts.succeeded(tx, spent)
                acting().accept(tx)
        return Entered(user.email, renewed, "proof")

    def _find(
        self,
        sent: dict[str, Any],
        challenge: Challenge,
        *,
        verified: bool,
        alone: bool = False,
        of: int | None = None,
    ) -> Found:
        """The passkey that was shown, checked as far as that needs no transaction.

        :param alone: whether it alone says who asks: then its authenticator says so, too.
        :param of: whose it must be; none: anybody's.
        """
        shown = self._passkeys.shown(sent)
        with self._db.read() as tx:
            passkey = tx.passkeys.with_digest(shown.digest)
            user = tx.users.get(passkey.user_id) if passkey else None
        if passkey is None or user is None or of not in (None, user.id):
            raise WrongPasskey
        acting().of(user)
        if (shown.handle is None and alone) or shown.handle not in (None, handle_of(user)):
            raise WrongPasskey
        asserted = self._passkeys.asserted(sent, challenge, passkey, verified=verified)
        return Found(passkey, user, challenge, asserted)

    @contextmanager
    def _taking(self, found: Found) -> Iterator[Transaction]:
        """Around the transaction that acts on it; the owner is told of a copy."""
        try:
            with self._db.begin() as tx:
                yield tx
        except CopiedPasskey:
            # It is refused, whatever comes of this.
            with suppress(TooManyAttempts, StorageUnavailable):
                self._attempts.mail(PASSKEY_COPIED, None, found.user.email_key)
                self._outbox.queue(PASSKEY_COPIED, found.user.email)
            raise

    def _take(self, tx: Transaction, user: User | None, found: Found) -> User:
        """Use challenge and passkey up, within ``tx``, for its user, who is read in it."""
        same = tx.passkeys.with_digest(found.passkey.digest)
        if user is None or user.disabled_at or same is None or same.user_id != user.id:
            raise WrongPasskey
        if same.public_key != found.passkey.public_key:
            raise WrongPasskey
        self._ceremonies.spend(tx, found.challenge)
        uses, backed_up = found.asserted.sign_count, found.asserted.backed_up
        if not tx.passkeys.used(same, uses, self._clock(), backed_up=backed_up):
            raise CopiedPasskey
        return user

    def _require_verified(self, user: User, device: Device | None) -> None:
        if not self._must_verify or user.verified_at:
            return
        with suppress(TooManyAttempts):
            self._attempts.mail(VERIFY, device, user.email_key)
            self._outbox.queue(VERIFY, user.email)
        raise Unverified
