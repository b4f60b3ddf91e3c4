"""What people do with their own account: change the password, take the data along, leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vestibule.auth import exports
from vestibule.auth.acts import acting
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.devices import Device
from vestibule.auth.entrance import Entrance
from vestibule.auth.errors import NoSession
from vestibule.auth.letters import ACCOUNT_DELETED, PASSWORD_CHANGED
from vestibule.auth.outbox import Outbox
from vestibule.auth.owners import Owners
from vestibule.auth.proofs import PASSWORD
from vestibule.auth.sessions import Sessions
from vestibule.auth.tokens import Tokens
from vestibule.config import Clock
from vestibule.db import DB


@dataclass(frozen=True)
class Accounts:
    """The accounts of those who are logged in."""

    _db: DB
    _clock: Clock
    audit: Audit
    _owners: Owners
    _sessions: Sessions
    _entrance: Entrance
    _tokens: Tokens
    _outbox: Outbox

    def has_password(self, session_id: str | None) -> bool:
        """Whether whose session this is shows a password before another, or another address.

        :raises NoSession: it is not open.
        :raises LoginNotRecent: there is no password, and it was proved too long ago who it is.
        """
        return self._owners.has_password(session_id)

    @recorded("password.change")
    def change_password(
        self, session_id: str | None, current: str, new: str, device: Device | None = None
    ) -> tuple[str, str]:
        """Set the password of whose session this is; the address, and a new session id.

        All sessions end: whoever copied one, this one included, is out. Tokens end too. The new one
        has proved what this one had, and is let in by the same rules as a login.

        :param current: the password; nothing, where passkeys alone opened the account.
        :raises NoSession: the session is not open.
        :raises BadCredentials: ``current`` is not the password.
        :raises LoginNotRecent: the account has a factor, or no password, and it was proved too long
            ago who it is.
        :raises PasswordRefused: the policy does not allow the new one.
        :raises TooManyAttempts: it was tried too often.
        :raises FactorOwed: the password is changed, and what the session had proved is not enough.
        """
        proof = self._owners.prove_or_have_none(session_id, current, device)
        hashed = self._owners.hash_new(new, proof)
        with self._db.begin() as tx:
            user = self._owners.confirm(tx, proof)
            shown = self._sessions.again(tx, session_id, user.id).amr or PASSWORD
            tx.users.change(user, hashed_password=hashed)
            self._owners.forgive(tx, user)
            tx.sessions.close_all(user.id)
            self._tokens.void(tx, user)
            self._outbox.add(tx, PASSWORD_CHANGED, user.email, user_id=user.id)
            admitted = self._entrance.admit(tx, user, device, None, shown, tell=False)
            if admitted.owes:
                acting().accept(tx)
        return user.email, admitted.whole()

    @recorded("account.delete")
    def delete(self, session_id: str | None) -> str:
        """Remove the account of whose session this is, and all that is stored about it.

        :returns: the address that it had.
        :raises NoSession: the session is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        """
        visit = self._sessions.require(session_id)
        acting().by(visit.user_id, session_id)
        with self._db.begin() as tx:
            user = tx.users.get(visit.user_id)
            if user is None:
                raise NoSession
            self._sessions.require_recent(tx, session_id, user.id)
            acting().accept(tx)
            tx.outbox.forget(user.email)
            tx.users.remove(user.id)
            # Nobody's doing any more: the mail must outlive the account.
            self._outbox.add(tx, ACCOUNT_DELETED, user.email)
            return user.email

    @recorded("account.export")
    def export(self, session_id: str | None) -> dict[str, Any]:
        """All that is stored about whose session this is.

        :raises NoSession: it is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        """
        visit = self._sessions.require(session_id)
        acting().by(visit.user_id, session_id)
        with self._db.read() as tx:
            user = tx.users.get(visit.user_id)
            if user is None:
                raise NoSession
            self._sessions.require_recent(tx, session_id, user.id)
            acting().allow()
            return exports.everything(tx, user)

    def activity(self, session_id: str | None, before: int | None = None) -> dict[str, Any]:
        """What was done with the account of whose session this is, and what was refused.

        :param before: the ``next`` of the page before; ``None``: the newest acts.
        :raises NoSession: it is not open.
        """
        visit = self._sessions.require(session_id)
        with self._db.read() as tx:
            user = tx.users.get(visit.user_id)
            if user is None:
                raise NoSession
            return exports.activity(tx, user, before)
