"""Passkeys: their public halves, how often each was used, and the challenges that were answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from vestibule.db.errors import AlreadyExists
from vestibule.db.factors import Factors
from vestibule.db.statements import Statement, adding, given
from vestibule.db.sweeping import Over
from vestibule.db.users import Users
from vestibule.db.work import Work
from vestibule.user import Challenge, Passkey, User

COLUMNS = (
    *("digest", "user_id", "credential", "public_key", "sign_count", "name", "transports"),
    *("backed_up", "created_at", "last_used_at"),
)
THIS = Passkey.digest == bindparam("which")
OF_OWNER = Passkey.user_id == bindparam("owner")
ADD = Statement(adding(Passkey, *COLUMNS))
FIND = Statement(select(Passkey).where(THIS), of=Passkey)
OF_USER = Statement(
    select(Passkey).where(OF_OWNER).order_by(Passkey.created_at, Passkey.digest), of=Passkey
)
USED = Statement(
    update(Passkey)
    .where(THIS, Passkey.sign_count < bindparam("below"))
    .values(given("sign_count", "backed_up", "last_used_at"))
)
RENAME = Statement(update(Passkey).where(THIS).values(given("name")))
REMOVE = Statement(delete(Passkey).where(THIS))
SPEND = Statement(adding(Challenge, "digest", "expires_at"))


@dataclass(slots=True)
class Passkeys:
    """The tables ``passkeys`` and ``challenges``, inside one transaction."""

    _work: Work
    _users: Users
    _factors: Factors

    def add(self, user: User, **columns: Any) -> None:
        """Store a passkey of the user.

        :raises AlreadyExists: somebody has it, this user or another.
        """
        self._users.lock(user.id)
        with self._work.translated():
            self._work.run(ADD, user_id=user.id, last_used_at=None, **columns)
        self._factors.note(user)

    def with_digest(self, digest: str) -> Passkey | None:
        """The passkey with this digest, or ``None``."""
        return self._work.first(FIND, which=digest)

    def of_user(self, user_id: int) -> list[Passkey]:
        """The user's passkeys, the oldest first."""
        return self._work.all(OF_USER, owner=user_id)

    def used(self, passkey: Passkey, count: int, at: datetime, *, backed_up: bool) -> bool:
        """Note a use of a passkey, and say whether it was counted on: of many at once, one is.

        :param count: how often it was used by now, as its authenticator says; 0: it does not count.
        """
        self._users.lock(passkey.user_id)
        told = {"sign_count": count, "last_used_at": at, "backed_up": backed_up}
        # Of two uses with the same count one is a copy's. Most passkeys do not count, and say 0.
        return self._work.run(USED, which=passkey.digest, below=max(count, 1), **told) == 1

    def rename(self, passkey: Passkey, name: str) -> None:
        """Give a passkey another name."""
        self._users.lock(passkey.user_id)
        self._work.run(RENAME, which=passkey.digest, name=name)

    def remove(self, user: User, passkey: Passkey) -> None:
        """Take a passkey from its user."""
        self._users.lock(user.id)
        self._work.run(REMOVE, which=passkey.digest)
        self._factors.note(user)

    def spend(self, digest: str, ends: datetime) -> bool:
        """Use a challenge up, and say whether nobody did before: of many at once, one succeeds.

        If somebody did, this transaction is to be given up.

        :param ends: when it is good no more in any case, and need not be kept.
        """
        try:
            with self._work.translated():
                self._work.run(SPEND, digest=digest, expires_at=ends)
        except AlreadyExists:
            return False
        return True

    def over(self, now: datetime) -> Over:
        """The challenges that nobody can answer any more."""
        return Over(self._work, Challenge.digest, Challenge.expires_at <= now)
