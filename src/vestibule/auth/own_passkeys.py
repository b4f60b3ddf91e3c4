"""Passkeys of people who are logged in: added, named, taken away; and passwords given up for them.

Whoever adds one needs what any change of factors needs (``enrolments``): a proof that is minutes
old. The first brings recovery codes; each is told to the owner by mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from vestibule.auth import recovery_codes
from vestibule.auth.acts import PUBLIC_DIGITS, acting
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.ceremonies import Ceremonies
from vestibule.auth.devices import Device, in_words
from vestibule.auth.enrolments import Changed, Enrolments
from vestibule.auth.errors import NoSession, UnknownFactor
from vestibule.auth.letters import PASSKEY_ADDED, PASSKEY_REMOVED, PASSWORD_REMOVED
from vestibule.auth.passkey_errors import FactorsFull, KnownPasskey
from vestibule.auth.passkeys import Attested, Passkeys
from vestibule.auth.passwords import NONE
from vestibule.auth.proofs import PASSKEY, VERIFIED, also
from vestibule.auth.sessions import Sessions
from vestibule.config import Clock
from vestibule.db import DB, AlreadyExists, Transaction
from vestibule.user import Passkey, User

# More than anybody has devices.
MOST = 20
LONGEST_NAME = 60


class Asked(NamedTuple):
    """What a browser is asked for, in JSON, and the ticket to send back with its answer."""

    ticket: str
    public_key: dict[str, Any]
    # The secret by which whoever answers is known to be the same.
    holder: str


class Added(NamedTuple):
    """A passkey that was added, and what else changed with it."""

    public_id: str
    name: str
    changed: Changed


@dataclass(frozen=True)
class OwnPasskeys:
    """The passkeys of those who are logged in."""

    _db: DB
    _clock: Clock
    audit: Audit
    _sessions: Sessions
    _enrolments: Enrolments
    _ceremonies: Ceremonies
    _passkeys: Passkeys

    @recorded("passkey.offer")
    def offer(self, session_id: str | None) -> Asked:
        """What a browser makes a passkey of; nothing is changed yet.

        :param session_id: of a session, or of a login that owes that a factor is added.
        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises FactorsFull: the account has twenty.
        :raises PasskeysUnavailable: there are none where the service is.
        """
        holder = self._enrolments.holder(session_id)
        with self._db.read() as tx:
            user = tx.users.get(holder.user_id)
            if user is None:
                raise NoSession
            if not holder.login:
                self._sessions.require_recent(tx, session_id, user.id)
            own = tx.passkeys.of_user(user.id)
        if len(own) >= MOST:
            raise FactorsFull
        begun = self._ceremonies.begin("add", session_id or "")
        asked = Asked(begun.ticket, self._passkeys.creation(begun, user, own), session_id or "")
        acting().allow()
        return asked

    @recorded("passkey.add")
    def add(
        self,
        session_id: str | None,
        ticket: str,
        name: str,
        sent: dict[str, Any],
        device: Device | None = None,
    ) -> Added:
        """Make a passkey the account's. The first factor brings recovery codes.

        :param session_id: as for ``offer``.
        :param name: by which its owner tells it from others; none: the browser that it is made in.
        :param sent: what the browser made, in JSON (``PublicKeyCredential.toJSON``).
        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises ChallengeOver: the offer is too old, was taken, or was made to another session.
        :raises PasskeyRefused: it is none, or was not made here.
        :raises KnownPasskey: an account has it.
        :raises FactorsFull: the account has twenty.
        :raises TooManyAttempts: factors were changed too often.
        """
        holder = self._enrolments.holder(session_id)
        challenge = self._ceremonies.answered(ticket, "add", session_id)
        made = self._passkeys.attested(sent, challenge)
        shown = _readable(name) or in_words(device.user_agent if device else None)
        with self._enrolments.changing(holder, session_id, PASSKEY_ADDED, device) as change:
            first = not change.user.factors
            self._ceremonies.spend(change.tx, challenge)
            self._keep(change.tx, change.user, made, shown)
            change.shown = also(change.shown, PASSKEY, VERIFIED)
            codes = recovery_codes.replace(change.tx, change.user) if first else None
        return Added(made.digest[:PUBLIC_DIGITS], shown, change.done(codes))

    @recorded("passkey.rename")
    def rename(self, session_id: str | None, public_id: str, name: str) -> str:
        """Give a passkey another name, and return it as it is kept.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises UnknownFactor: none of one's own has this id.
        """
        holder = self._enrolments.visitor(session_id)
        with self._db.begin() as tx:
            user = tx.users.get(holder.user_id)
            if user is None:
                raise NoSession
            self._sessions.require_recent(tx, session_id, user.id)
            passkey = _own(tx, user, public_id)
            shown = _readable(name) or passkey.name
            tx.passkeys.rename(passkey, shown)
            acting().accept(tx)
        return shown

    @recorded("passkey.remove")
    def remove(self, session_id: str | None, public_id: str) -> Changed:
        """Take a passkey from the account; the recovery codes go with the last factor.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises UnknownFactor: none of one's own has this id.
        :raises FactorNeeded: it is the last factor of an account that has to have one.
        :raises PasskeyNeeded: it is the last one of an account without a password.
        :raises TooManyAttempts: factors were changed too often.
        """
        holder = self._enrolments.visitor(session_id)
        with self._enrolments.changing(holder, session_id, PASSKEY_REMOVED) as change:
            user = change.user
            change.tx.passkeys.remove(user, _own(change.tx, user, public_id))
            self._enrolments.require_left(user)
        return change.done()

    @recorded("password.remove")
    def drop_password(self, session_id: str | None) -> Changed:
        """Have the account opened by passkeys alone; a reset by mail sets a password again.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        :raises UnknownFactor: there is no password.
        :raises PasskeyNeeded: there is no passkey.
        :raises TooManyAttempts: factors were changed too often.
        """
        holder = self._enrolments.visitor(session_id)
        with self._enrolments.changing(holder, session_id, PASSWORD_REMOVED) as change:
            user = change.user
            if not user.hashed_password:
                raise UnknownFactor
            change.tx.users.change(user, hashed_password=NONE)
            self._enrolments.require_left(user)
        return change.done()

    def _keep(self, tx: Transaction, user: User, made: Attested, name: str) -> None:
        if len(tx.passkeys.of_user(user.id)) >= MOST:
            raise FactorsFull
        try:
            tx.passkeys.add(
                user, digest=made.digest, name=name, created_at=self._clock(), **made._asdict()
            )
        except AlreadyExists:
            raise KnownPasskey from None


def _own(tx: Transaction, user: User, public_id: str) -> Passkey:
    own = tx.passkeys.of_user(user.id)
    found = (each for each in own if each.digest[:PUBLIC_DIGITS] == public_id)
    passkey = next(found, None)
    if passkey is None:
        raise UnknownFactor
    return passkey


def _readable(name: str) -> str:
    """What can be shown of a name, in one line."""
    return " ".join("".join(filter(_shown, name)).split())[:LONGEST_NAME].strip()


def _shown(sign: str) -> bool:
    return sign.isprintable() or sign.isspace()
