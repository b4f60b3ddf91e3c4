"""The person behind a session, who shows the password once more before something changes.

A session alone proves that somebody once logged in on this device. It may have been left open
there, or copied; the password proves that its owner asks now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from vestibule.auth.acts import acting
from vestibule.auth.attempts import Attempts
from vestibule.auth.crypto import digest
from vestibule.auth.devices import Device
from vestibule.auth.errors import BadCredentials, NoSession
from vestibule.auth.passwords import Checked, Passwords
from vestibule.auth.sessions import Sessions
from vestibule.db import DB, Transaction
from vestibule.user import User


class Proof(NamedTuple):
    """A session that was open, and the password of its owner, which was right, or is not there."""

    session_id: str | None
    email: str
    checked: Checked


@dataclass(frozen=True)
class Owners:
    """Those who are logged in."""

    _db: DB
    _passwords: Passwords
    _sessions: Sessions
    _attempts: Attempts

    def prove(self, session_id: str | None, password: str, device: Device | None = None) -> Proof:
        """Check the password of whose session this is; ``confirm`` it where something changes.

        :raises NoSession: it is not open.
        :raises BadCredentials: it is another password.
        :raises TooManyAttempts: it was tried too often.
        """
        visit = self._sessions.require(session_id)
        acting().by(visit.user_id, session_id)
        # Who copied a session must not guess the password with it.
        with self._attempts.proof(digest(session_id or ""), device):
            checked = self._passwords.check_of(visit.user_id, password)
            if checked is None:
                raise BadCredentials("This is not the password of your account.")
        return Proof(session_id, visit.email, checked)

    def prove_or_have_none(
        self, session_id: str | None, password: str, device: Device | None = None
    ) -> Proof:
        """The same, but where the account has no password, and none is given, that is as right.

        A recent proof stands for it then, which was a passkey; ``confirm`` asks for that again.

        :raises NoSession: the session is not open.
        :raises BadCredentials: the account has a password, and it is another.
        :raises LoginNotRecent: it has none, and it was proved too long ago who it is.
        :raises TooManyAttempts: it was tried too often.
        """
        visit = self._sessions.require(session_id)
        without = None if password else self._passwords.without(visit.user_id)
        if without is None:
            return self.prove(session_id, password, device)
        return self.prove_without(session_id, without)

    def prove_without(self, session_id: str | None, without: Checked) -> Proof:
        """The same for an account that has no password: a recent proof stands for it.

        It is asked for before anything is counted or mailed: with an old session nobody uses up
        what its owner has.

        :raises NoSession: the session is not open, or another account's.
        :raises LoginNotRecent: it was proved too long ago who it is.
        """
        visit = self._sessions.require(session_id)
        if visit.user_id != without.user_id:
            raise NoSession
        acting().by(visit.user_id, session_id)
        with self._db.read() as tx:
            self._sessions.require_recent(tx, session_id, visit.user_id)
        return Proof(session_id, visit.email, without)

    def has_password(self, session_id: str | None) -> bool:
        """Whether whose session this is has a password to show before something changes.

        :raises NoSession: the session is not open.
        :raises LoginNotRecent: there is none, and what stands for it was proved too long ago.
        """
        visit = self._sessions.require(session_id)
        without = self._passwords.without(visit.user_id)
        if without is not None:
            self.prove_without(session_id, without)
        return without is None

    def forgive(self, tx: Transaction, user: User) -> None:
        """Count failures anew, within ``tx``: the account has a new password, by its owner."""
        if user.factors:
            self._attempts.forgive_factor(tx, user)
        self._attempts.forgive(tx, user.email_key)

    def confirm(self, tx: Transaction, proof: Proof) -> User:
        """The account, if within ``tx`` session and password are still what they were.

        Whoever has a factor has shown it a short while ago, too: the password alone is no proof.
        An account without a password has one.

        :raises BadCredentials: the password was changed meanwhile.
        :raises NoSession: the session was closed meanwhile.
        :raises LoginNotRecent: the factor was shown too long ago.
        """
        user = self.recognise(tx, proof)
        if user.factors or not user.hashed_password:
            self._sessions.require_recent(tx, proof.session_id, user.id)
        return user

    def recognise(self, tx: Transaction, proof: Proof) -> User:
        """The same, whenever a factor was shown: for who is about to show it.

        :raises BadCredentials: the password was changed meanwhile.
        :raises NoSession: the session was closed meanwhile.
        """
        user = self._passwords.confirm(tx, proof.checked)
        self._sessions.again(tx, proof.session_id, user.id)
        return user

    def hash_new(self, password: str, proof: Proof) -> str:
        """The hash of a new password for whoever showed the old one.

        :raises PasswordRefused: the policy does not allow it.
        :raises PasswordTooLong: more than 1,024 characters.
        """
        return self._passwords.hash_new(password, proof.email)
