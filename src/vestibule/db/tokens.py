"""Single-use tokens: replaced, looked at, spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, not_, select
from sqlalchemy.orm import Session

from vestibule.db.sweeping import Over
from vestibule.db.users import Users
from vestibule.user import Token


@dataclass(frozen=True)
class Tokens:
    """The ``tokens`` table, inside one transaction."""

    _work: Session
    _users: Users

    def replace(self, user_id: int, purpose: str, **columns: Any) -> None:
        """Store a token in the place of the user's earlier one for the same purpose."""
        self.drop(user_id, purpose)
        self._work.add(Token(user_id=user_id, purpose=purpose, **columns))

    def drop(self, user_id: int, purpose: str) -> None:
        """Remove the user's token for this purpose, if there is one."""
        self._users.lock(user_id)
        self._work.execute(delete(Token).where(Token.user_id == user_id, Token.purpose == purpose))

    def drop_all(
        self, user_id: int, *, but: str | None = None, elsewhere: str | None = None
    ) -> None:
        """Remove the user's tokens; that with purpose ``but`` stays if its address is another.

        :param elsewhere: the address key that it must not be about, to stay.
        """
        self._users.lock(user_id)
        doomed = delete(Token).where(Token.user_id == user_id)
        if but is not None:
            doomed = doomed.where(not_(and_(Token.purpose == but, Token.address_key != elsewhere)))
        self._work.execute(doomed)

    def of(self, user_id: int, purpose: str, now: datetime) -> Token | None:
        """The user's token for this purpose, if it is not over."""
        return self._work.scalar(
            select(Token).where(
                Token.user_id == user_id, Token.purpose == purpose, Token.expires_at > now
            )
        )

    def of_user(self, user_id: int) -> list[Token]:
        """The user's tokens, by purpose."""
        mine = select(Token).where(Token.user_id == user_id)
        return list(self._work.scalars(mine.order_by(Token.purpose)))

    def leads_to(self, address_key: str, purpose: str, now: datetime) -> bool:
        """Whether somebody's token for this purpose, not over, is about this address."""
        about = Token.address_key == address_key
        good = (about, Token.purpose == purpose, Token.expires_at > now)
        return bool(self._work.scalar(select(exists().where(*good))))

    def good(self, digest: str, purpose: str, now: datetime, last: datetime) -> Token | None:
        """The token with this digest, if it would still be accepted now.

        :param last: a token that is to end after this moment was issued under another setting.
        """
        return self._work.scalar(select(Token).where(*_good(digest, purpose, now, last)))

    def spend(self, digest: str, purpose: str, now: datetime, last: datetime) -> bool:
        """Remove the token, and say whether it was good: of many at once, one succeeds."""
        spent = delete(Token).where(*_good(digest, purpose, now, last)).returning(Token.user_id)
        return self._work.scalar(spent) is not None

    def over(self, now: datetime) -> Over:
        """The tokens that open nothing any more."""
        return Over(self._work, Token.digest, Token.expires_at <= now)


def _good(
    digest: str, purpose: str, now: datetime, last: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (
        Token.digest == digest,
        Token.purpose == purpose,
        Token.expires_at > now,
        Token.expires_at <= last,
    )
