"""Another address for an account: asked for, confirmed from the new one, undone from the old.

The threats are a thief, who has a session and the password and wants the account for good, and
somebody who names an address of others as the own. So the old address is told at once, and stays
until the new one is confirmed, with the password: a click of a stranger who reads the mail there
confirms nothing. Where there is no password, a session that proved a short while ago who it is does
both. From the old address all of it can be taken back for a while, whatever the thief
does meanwhile: that link outlives a new password, the address can change only once while it is
open, and nobody else gets the old address.
"""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.auth.acts import acting
from vestibule.auth.addresses import comparison_key, require_well_formed
from vestibule.auth.attempts import Attempts
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.claims import give, taken
from vestibule.auth.devices import Device
from vestibule.auth.errors import AddressInUse, BadAddress, BadCredentials, BadToken, UndoOpen
from vestibule.auth.letters import CHANGE_ASKED, EMAIL_CHANGED, UNDONE
from vestibule.auth.outbox import Outbox
from vestibule.auth.owners import Owners, Proof
from vestibule.auth.passwords import Checked, Passwords
from vestibule.auth.tokens import CHANGE, DISOWN, KEEP, OVER, UNDO, Tokens
from vestibule.auth.ways_back import take_back
from vestibule.config import Clock
from vestibule.db import DB, AlreadyExists, Transaction
from vestibule.user import Token, User


@dataclass(frozen=True)
class EmailChanges:
    """Changes of address, pending and done."""

    _db: DB
    _clock: Clock
    audit: Audit
    _owners: Owners
    _passwords: Passwords
    _tokens: Tokens
    _outbox: Outbox
    _attempts: Attempts
    # Whether nobody is told which addresses have an account.
    _concealed: bool

    @recorded("email.request")
    def request(
        self, session_id: str | None, email: str, password: str, device: Device | None = None
    ) -> None:
        """Mail a link to the new address, and tell the old one.

        :param password: the account's; nothing, where passkeys alone open it.
        :raises NoSession: the session is not open.
        :raises BadCredentials: it is not the account's password.
        :raises LoginNotRecent: the account has a factor, or no password, and it was proved too long
            ago who it is.
        :raises BadAddress: mail could not go there, or it is the account's address already.
        :raises AddressInUse: it has an account; where that is concealed, its owner gets no mail.
        :raises UndoOpen: the last change can still be undone.
        :raises TooManyAttempts: asked for too often.
        """
        key = require_well_formed(email)
        proof = self._owners.prove_or_have_none(session_id, password, device)
        # One mail to an address that somebody typed, and one to that of the account.
        people = (key, str(proof.checked.user_id))
        self._attempts.mail(CHANGE, device, *people)
        with self._db.begin() as tx:
            user = self._owners.confirm(tx, proof)
            self._require_changeable(tx, user, email)
            self._tokens.reserve(tx, user.id, CHANGE, email)
            self._tokens.reserve(tx, user.id, UNDO, user.email)
            self._outbox.add(tx, CHANGE, email, user_id=user.id)
            self._outbox.add(tx, CHANGE_ASKED, user.email, user_id=user.id, about=email)
            acting().accept(tx)

    @recorded("email.change")
    def confirm(
        self,
        token: str | None,
        password: str,
        device: Device | None = None,
        session_id: str | None = None,
    ) -> str:
        """Give the account the address that the token was sent to; that address.

        :param password: the account's; nothing, where passkeys alone open it.
        :param session_id: of the account; it is asked for where there is no password.
        :raises BadToken: unknown, expired, used or cancelled.
        :raises BadCredentials: it is not the account's password; the token stays valid.
        :raises NoSession: there is no password, and the session is not open, or of another account.
        :raises LoginNotRecent: there is none, and it was proved too long ago who it is.
        :raises AddressInUse: somebody took the address meanwhile; nothing is changed.
        :raises TooManyAttempts: the password was tried too often.
        """
        found = self._tokens.look(token, CHANGE)
        proof = self._prove(found, password, device, session_id)
        try:
            with self._db.begin() as tx:
                self._confirm(tx, proof)
                user, email = self._tokens.spend(tx, token, CHANGE)
                acting().accept(tx)
                return self._move(tx, user, email)
        except AlreadyExists:
            raise AddressInUse from None

    def needs_password(self, token: str | None) -> bool:
        """Whether the account that the token would give another address has a password to show.

        :raises BadToken: unknown, expired, used or cancelled.
        """
        found = self._tokens.look(token, CHANGE)
        return self._passwords.without(found.user_id) is None

    def _prove(
        self, found: Token, password: str, device: Device | None, session_id: str | None
    ) -> Checked | Proof:
        """That the account's owner asks."""
        without = None if password else self._passwords.without(found.user_id)
        if without is not None:
            return self._owners.prove_without(session_id, without)
        with self._attempts.proof(found.digest, device):
            checked = self._passwords.check_of(found.user_id, password)
            if checked is None:
                raise BadCredentials("This is not the password of the account.")
        return checked

    def _confirm(self, tx: Transaction, proof: Checked | Proof) -> None:
        if isinstance(proof, Proof):
            self._owners.confirm(tx, proof)
        else:
            self._passwords.confirm(tx, proof)

    @recorded("email.undo")
    def undo(self, token: str | None) -> str:
        """Give the account its earlier address back, or keep it from losing it; that address.

        Whoever asked for the change knew the password, so that opens nothing any more. Sessions
        and links are over, a first factor that was added since is gone, and a mail with a reset
        link is on its way.

        :raises BadToken: unknown, expired or used.
        :raises AddressInUse: the address has another account.
        """
        try:
            with self._db.begin() as tx:
                user, email = self._tokens.spend(tx, token, UNDO)
                if email is None:
                    raise BadToken(OVER)
                acting().accept(tx)
                take_back(tx, user, email, self._clock())
                self._outbox.add(tx, UNDONE, email)
                return email
        except AlreadyExists:
            raise AddressInUse from None

    def _require_changeable(self, tx: Transaction, user: User, email: str) -> None:
        if email == user.email:
            raise BadAddress("This is the address of your account already.")
        place = tx.tokens.of(user.id, UNDO, self._clock())
        if place is not None and place.address_key != user.email_key:
            raise UndoOpen
        now = self._clock()
        if not self._concealed and taken(tx, comparison_key(email), now, user.id):
            raise AddressInUse

    def _move(self, tx: Transaction, user: User, email: str | None) -> str:
        before = user.email
        if email is None or taken(tx, comparison_key(email), self._clock(), user.id):
            raise AddressInUse
        give(tx, user, email, self._clock())
        tx.tokens.drop_all(user.id, DISOWN, KEEP)
        self._tokens.reserve(tx, user.id, UNDO, before)
        self._outbox.add(tx, EMAIL_CHANGED, before, user_id=user.id, about=email)
        return email
