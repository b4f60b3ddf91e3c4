"""What somebody shows besides the password: codes here, passkeys next door, and what they have.

Whoever adds or takes away a factor here also writes what the user's row says of it. Nobody else
does, so the two agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, select, update

from vestibule.db.statements import Statement, adding
from vestibule.db.users import Users
from vestibule.db.work import Work
from vestibule.user import Passkey, RecoveryCode, Totp, User

# In the order in which a user's row has them.
OTP, PASSKEY = KINDS = ("otp", "passkey")
TOTP_OF = Totp.user_id == bindparam("owner")
CODES_OF = RecoveryCode.user_id == bindparam("owner")
ADD = Statement(adding(Totp, "user_id", "sealed", "last_step", "created_at"))
FIND = Statement(select(Totp).where(TOTP_OF), of=Totp)
# A step that was used, and those before it, never count again (RFC 6238 section 5.2).
ACCEPT = Statement(
    update(Totp)
    .where(TOTP_OF, Totp.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), sealed=bindparam("sealed"))
)
REMOVE = Statement(delete(Totp).where(TOTP_OF))
ADD_CODE = Statement(adding(RecoveryCode, "digest", "user_id"))
SPEND_CODE = Statement(
    delete(RecoveryCode).where(RecoveryCode.digest == bindparam("code"), CODES_OF)
)
DROP_CODES = Statement(delete(RecoveryCode).where(CODES_OF))
DROP_PASSKEYS = Statement(delete(Passkey).where(Passkey.user_id == bindparam("owner")))
HAS = Statement(
    select(
        exists().where(Totp.user_id == bindparam("owner")),
        exists().where(Passkey.user_id == bindparam("owner")),
    )
)
COUNT_CODES = Statement(select(func.count()).select_from(RecoveryCode).where(CODES_OF))


@dataclass(slots=True)
class Factors:
    """The tables ``totp`` and ``recovery_codes``, and who has what, inside one transaction.

    Whoever is given as a ``User`` was read in the same one, and so is kept from others.
    """

    _work: Work
    _users: Users

    def totp(self, user_id: int) -> Totp | None:
        """What the user's one-time codes are made of, if there is anything."""
        return self._work.first(FIND, owner=user_id)

    def put_totp(self, user: User, sealed: str, step: int, at: datetime) -> None:
        """Have the user's codes made of this secret from now on.

        :param step: the step whose code was shown; it is used.
        """
        self._users.lock(user.id)
        self._work.run(REMOVE, owner=user.id)
        self._work.run(ADD, user_id=user.id, sealed=sealed, last_step=step, created_at=at)
        self.note(user)

    def remove_totp(self, user: User) -> bool:
        """Take the user's authenticator away, and say whether there was one."""
        self._users.lock(user.id)
        removed = self._work.run(REMOVE, owner=user.id) == 1
        self.note(user)
        return removed

    def accept(self, user_id: int, step: int, sealed: str) -> bool:
        """Use this step up, and say whether none as late was: of many at once, one succeeds.

        :param sealed: the same secret, sealed anew.
        """
        self._users.lock(user_id)
        return self._work.run(ACCEPT, owner=user_id, step=step, sealed=sealed) == 1

    def drop(self, user: User) -> None:
        """Take the user's factors away, and the recovery codes with them."""
        self._users.lock(user.id)
        self._work.run(REMOVE, owner=user.id)
        self._work.run(DROP_PASSKEYS, owner=user.id)
        self.note(user)

    def note(self, user: User) -> None:
        """Write into the user's row what factors there are, when some came or went.

        Recovery codes stand in for them: with the last one they go as well.
        """
        there = self._work.first(HAS, owner=user.id) or ()
        found = " ".join(kind for kind, has in zip(KINDS, there, strict=True) if has)
        self._users.change(user, factors=found)
        if not found:
            self._work.run(DROP_CODES, owner=user.id)

    def replace_codes(self, user_id: int, digests: Sequence[str]) -> None:
        """Store recovery codes in the place of the user's earlier ones."""
        self._users.lock(user_id)
        self._work.run(DROP_CODES, owner=user_id)
        self._work.run_all(ADD_CODE, [{"digest": each, "user_id": user_id} for each in digests])

    def spend_code(self, user_id: int, digest: str) -> bool:
        """Use the user's recovery code up, and say whether there was it: of many, one succeeds."""
        self._users.lock(user_id)
        return self._work.run(SPEND_CODE, owner=user_id, code=digest) == 1

    def codes_left(self, user_id: int) -> int:
        """How many recovery codes the user has."""
        return int(self._work.value(COUNT_CODES, owner=user_id) or 0)
