"""The only way to a session: who knows the password is let in, or owes a factor first.

The threat is a way in that forgets the factor: every room that knows somebody by a password comes
here, and no other room opens sessions. Who owes one gets a login that is half done. It is carried
like a session, but it is none, and stands in another table: whatever looks for a session finds
nothing, on every route there is or will be. It ends after ten minutes, with a new password, after
some wrong codes, and is exchanged for a session with an id of its own (OWASP ASVS 7.2.4).

Where an operator wants everybody, or administrators, to have a factor, who has none owes that: such
a login opens what adds one, and becomes a session when it is added. Who has a factor adds none that
way, or a password would be enough.
"""

from __future__ import annotations

import hmac
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from vestibule.auth.acts import acting
from vestibule.auth.conflicts import until_settled
from vestibule.auth.crypto import digest, new_secret
from vestibule.auth.devices import Device, in_words
from vestibule.auth.errors import FactorOwed, LoginOver, NoSession, StorageUnavailable
from vestibule.auth.known_devices import KnownDevices
from vestibule.auth.letters import NEW_DEVICE
from vestibule.auth.outbox import Outbox
from vestibule.auth.proofs import PASSWORD, SEVERAL, amr
from vestibule.auth.sessions import Sessions
from vestibule.auth.tokens import KEEP
from vestibule.config import Clock, Required
from vestibule.db import DB, Place, Transaction
from vestibule.db.factors import OTP, PASSKEY
from vestibule.user import Login, User

# How long a person looks for the telephone.
LIFETIME = timedelta(minutes=10)
RECOVERY = "recovery"
# What a login may owe: a factor of the account is to be shown; or there is none, and one is to be
# added. And what can be added.
FACTOR, ENROL = "factor", "enrol"
TO_ADD = (OTP, PASSKEY)


# Until an account is so old, its owner logs in on one device after the other.
SETTLING = timedelta(hours=1)
# Mails about new devices that an account is sent in the month that they are listed. Whoever makes
# devices up has been told of by then.
MOST_TOLD = 20


class Admitted(NamedTuple):
    """A session, or a login that owes something: one of these."""

    id: str
    # ``FACTOR`` or ``ENROL``; nothing: it is a session.
    owes: str = ""
    # The kinds of which one is enough.
    factors: tuple[str, ...] = ()

    def whole(self) -> str:
        """The session's id. Ask when the transaction is over, or what is owed would be undone.

        :raises FactorOwed: it is no session yet.
        """
        if self.owes:
            raise FactorOwed(self.factors, self.id, self.owes)
        return self.id


@dataclass(frozen=True)
class Entrance:
    """Where sessions begin."""

    _db: DB
    _clock: Clock
    _sessions: Sessions
    _known_devices: KnownDevices
    _outbox: Outbox
    # Who has to have a factor.
    _required: Required
    # The exercise knows a password alone.
    _classic: bool

    def admit(
        self,
        tx: Transaction,
        user: User,
        device: Device | None = None,
        instead_of: str | None = None,
        shown: str = PASSWORD,
        *,
        tell: bool = True,
    ) -> Admitted:
        """What who showed a password gets, or a passkey: a session is accepted as their act.

        :param instead_of: the session id that the request came with; its session ends.
        :param shown: all that they showed, as a session has it.
        :param tell: whether the owner is told if the device is a new one.
        """
        several = SEVERAL in shown.split()
        owes = "" if self._classic or several else self._owed(user)
        if several:
            self.stay(tx, user)
        if not owes:
            acting().accept(tx)
            return Admitted(
                self._open(tx, user, device if tell else None, device, shown, instead_of)
            )
        login_id, now = new_secret(), self._clock()
        if instead_of:
            tx.sessions.close(digest(instead_of))
            tx.logins.spend(digest(instead_of), now)
        tx.logins.add(
            digest=digest(login_id),
            user_id=user.id,
            expires_at=now + LIFETIME,
            bound=_binding(user),
            owes=owes,
        )
        return Admitted(login_id, owes, owed_by(user) or TO_ADD)

    def requires_factor(self, user: User) -> bool:
        """Whether this user has to have a factor."""
        return self._required == "all" or (
            self._required == "administrators" and user.administrator
        )

    def let_in(self, tx: Transaction, user: User) -> str:
        """Open a session within ``tx`` for who proved nothing here, and return its id."""
        return self._sessions.open(tx, user.id, amr="").id

    def half_done(self, tx: Transaction, login_id: str | None, *owes: str) -> tuple[Login, User]:
        """The login that owes this, and whose it is.

        :param owes: ``FACTOR`` or ``ENROL``; nothing: either.
        :raises LoginOver: unknown, too old, used up; or the account has another password by now,
            got or lost its factor, or is disabled.
        """
        found = tx.logins.good(digest(login_id), self._clock()) if login_id else None
        user = tx.users.get(found.user_id) if found else None
        if found is None or user is None or user.disabled_at:
            raise LoginOver
        if found.owes not in (owes or (FACTOR, ENROL)) or (found.owes == FACTOR) != bool(
            user.factors
        ):
            raise LoginOver
        if not hmac.compare_digest(found.bound, _binding(user)):
            raise LoginOver
        return found, user

    def finish(
        self, tx: Transaction, login: Login, user: User, shown: str, device: Device | None
    ) -> str:
        """Open the session of a login whose factor was shown or added, and return its id.

        :param shown: what was shown besides the password, in the words of ``proofs``.
        :raises LoginOver: somebody else finished it meanwhile.
        """
        if not tx.logins.spend(login.digest, self._clock()):
            raise LoginOver
        self.stay(tx, user)
        shown = amr(PASSWORD, *shown.split())
        # Who added a factor gets a mail already.
        news = device if login.owes == FACTOR else None
        return self._open(tx, user, news, device, shown)

    def stay(self, tx: Transaction, user: User) -> None:
        """End a way back that is under way, within ``tx``: who has a factor was here."""
        if user.factors_end_at:
            tx.users.change(user, factors_end_at=None)
            tx.tokens.drop(user.id, KEEP)

    def renew(
        self,
        tx: Transaction,
        session_id: str | None,
        user: User,
        shown: str,
        proved_at: datetime | None = None,
    ) -> str:
        """Give the user's session a new id, for it can do more than before; that id.

        :param shown: what it proved, as a session has it.
        :param proved_at: when; just now, unless given.
        :raises NoSession: it was closed meanwhile.
        """
        old, new, when = digest(session_id or ""), new_secret(), proved_at or self._clock()
        if not proved_at and SEVERAL in shown.split():
            self.stay(tx, user)
        if not tx.sessions.renew(user.id, old, digest(new), shown, when):
            raise NoSession
        return new

    def _open(
        self,
        tx: Transaction,
        user: User,
        news: Device | None,
        device: Device | None,
        shown: str,
        instead_of: str | None = None,
    ) -> str:
        """Open a session, and tell the owner of a device that is new to the account (ASVS 6.3.5).

        :param news: the device, if it may be news.
        """
        if news and self._is_known(user, news):
            news = None
        opened = self._sessions.open(tx, user.id, device, instead_of, shown, look=news is not None)
        if news and _seen(news) not in {_seen_at(each) for each in opened.others}:
            mails = tx.outbox.of_user(user.id, user.email)
            told = [mail.about for mail in mails if mail.template == NEW_DEVICE]
            about = ", ".join(_seen(news))
            if about not in told and len(told) < MOST_TOLD:
                self._outbox.add(tx, NEW_DEVICE, user.email, user_id=user.id, about=about)
        return opened.id

    def _is_known(self, user: User, device: Device) -> bool:
        """Whether nobody need be told, as far as can be seen without a look at other sessions.

        Who just registered comes from a new device for once.
        """
        fresh = user.created_at > self._clock() - SETTLING
        return self._classic or fresh or bool(self._known_devices.number(user, device.cookie))

    def _owed(self, user: User) -> str:
        if user.factors:
            return FACTOR
        return ENROL if self.requires_factor(user) else ""

    def give_up(self, login: Login) -> None:
        """End a login that owes something: so many factors were wrong that no more are looked at.

        Where the database is away, it stays, and its guesses are used up all the same.
        """

        def end() -> None:
            with self._db.begin() as tx:
                tx.logins.spend(login.digest, self._clock())

        with suppress(StorageUnavailable):
            until_settled(end)

    def abandon(self, login_id: str) -> bool:
        """End the login with this id, and say whether there was one that owed a factor."""
        now = self._clock()
        with self._db.look() as tx:
            found = tx.logins.good(digest(login_id), now)
        if found is None:
            return False
        acting().by(found.user_id, None)
        with self._db.begin() as tx:
            acting().accept(tx)
            return tx.logins.spend(found.digest, now)

    def sweep(self, most: int) -> bool:
        """Remove up to ``most`` logins that are over, and say whether there may be more."""
        now = self._clock()
        return self._db.sweep(lambda tx: tx.logins.over(now), most)


def _seen(device: Device) -> tuple[str, str]:
    """What is the same each time that somebody comes from a device, cookies or not."""
    return in_words(device.user_agent), device.origin


def _seen_at(place: Place) -> tuple[str, str]:
    return _seen(Device(place.address or "", place.user_agent or ""))


def owed_by(user: User) -> tuple[str, ...]:
    """What may be shown besides the password; one of them is enough. Nothing: none is owed."""
    return (*user.factors.split(), RECOVERY) if user.factors else ()


def _binding(user: User) -> str:
    return digest(f"{user.pseudonym}\0{user.hashed_password}")
