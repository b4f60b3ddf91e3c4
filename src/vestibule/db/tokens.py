"""Single-use tokens: replaced, looked at, spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, select

from vestibule.db.statements import Statement, adding
from vestibule.db.sweeping import Over
from vestibule.db.users import Users
from vestibule.db.work import Work
from vestibule.user import Token

COLUMNS = ("digest", "purpose", "user_id", "expires_at", "address", "address_key")
OWN = Token.user_id == bindparam("user_id")
PURPOSE = Token.purpose == bindparam("purpose")
ALIVE = Token.expires_at > bindparam("now")
ADD = Statement(adding(Token, *COLUMNS))
DROP = Statement(delete(Token).where(OWN, PURPOSE))
NOT_KEPT = Token.purpose.not_in([bindparam("kept"), bindparam("kept_too")])
DROP_ALL = Statement(delete(Token).where(OWN, NOT_KEPT))
HERE = ~and_(Token.purpose == bindparam("but"), Token.address_key != bindparam("elsewhere"))
DROP_ALL_BUT = Statement(delete(Token).where(OWN, NOT_KEPT, HERE))
OF = Statement(select(Token).where(OWN, PURPOSE, ALIVE), of=Token)
OF_USER = Statement(select(Token).where(OWN).order_by(Token.purpose), of=Token)
LEADS_TO = Statement(
    select(
        exists().where(
            Token.address_key == bindparam("address_key"),
            Token.purpose.in_([bindparam("purpose"), bindparam("purpose_too")]),
            ALIVE,
        )
    )
)
ACCEPTED = (
    Token.digest == bindparam("digest"),
    PURPOSE,
    ALIVE,
    Token.expires_at <= bindparam("last"),
)
GOOD = Statement(select(Token).where(*ACCEPTED), of=Token)
SPEND = Statement(delete(Token).where(*ACCEPTED))


@dataclass(slots=True)
class Tokens:
    """The ``tokens`` table, inside one transaction."""

    _work: Work
    _users: Users

    def replace(self, user_id: int, purpose: str, **columns: Any) -> None:
        """Store a token in the place of the user's earlier one for the same purpose."""
        self.drop(user_id, purpose)
        self._work.run(ADD, user_id=user_id, purpose=purpose, **columns)

    def drop(self, user_id: int, purpose: str) -> None:
        """Remove the user's token for this purpose, if there is one."""
        self._users.lock(user_id)
        self._work.run(DROP, user_id=user_id, purpose=purpose)

    def drop_all(self, user_id: int, kept: str = "", kept_too: str = "") -> None:
        """Remove the user's tokens, but those with these purposes."""
        self._users.lock(user_id)
        self._work.run(DROP_ALL, user_id=user_id, kept=kept, kept_too=kept_too)

    def drop_all_but(
        self, user_id: int, purpose: str, *, elsewhere: str, kept: str, kept_too: str
    ) -> None:
        """Remove the user's tokens; that with this purpose stays if its address is another.

        :param elsewhere: the address key that it must not be about, to stay.
        :param kept: a purpose whose token stays whatever it is about; so does ``kept_too``'s.
        """
        self._users.lock(user_id)
        named = {"kept": kept, "kept_too": kept_too, "but": purpose, "elsewhere": elsewhere}
        self._work.run(DROP_ALL_BUT, user_id=user_id, **named)

    def of(self, user_id: int, purpose: str, now: datetime) -> Token | None:
        """The user's token for this purpose, if it is not over."""
        return self._work.first(OF, user_id=user_id, purpose=purpose, now=now)

    def of_user(self, user_id: int) -> list[Token]:
        """The user's tokens, by purpose."""
        return self._work.all(OF_USER, user_id=user_id)

    def leads_to(self, address_key: str, purpose: str, too: str, now: datetime) -> bool:
        """Whether somebody's token for one of two purposes, not over, is about this address."""
        purposes = {"purpose": purpose, "purpose_too": too}
        return bool(self._work.value(LEADS_TO, address_key=address_key, now=now, **purposes))

    def good(self, digest: str, purpose: str, now: datetime, last: datetime) -> Token | None:
        """The token with this digest, if it would still be accepted now.

        :param last: a token that is to end after this moment was issued under another setting.
        """
        return self._work.first(GOOD, digest=digest, purpose=purpose, now=now, last=last)

    def spend(self, digest: str, purpose: str, now: datetime, last: datetime) -> bool:
        """Remove the token, and say whether it was good: of many at once, one succeeds."""
        return self._work.run(SPEND, digest=digest, purpose=purpose, now=now, last=last) == 1

    def over(self, now: datetime) -> Over:
        """The tokens that open nothing any more."""
        return Over(self._work, Token.digest, Token.expires_at <= now)
