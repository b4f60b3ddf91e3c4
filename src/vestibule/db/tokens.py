"""Single-use tokens: replaced, looked at, spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from vestibule.user import Token


@dataclass(frozen=True)
class Tokens:
    """The ``tokens`` table, inside one transaction."""

    _work: Session

    def replace(self, user_id: int, purpose: str, digest: str, expires_at: datetime) -> None:
        """Store a token in the place of the user's earlier one for the same purpose."""
        self.drop(user_id, purpose)
        self._work.add(
            Token(user_id=user_id, purpose=purpose, digest=digest, expires_at=expires_at)
        )

    def drop(self, user_id: int, purpose: str) -> None:
        """Remove the user's token for this purpose, if there is one."""
        self._work.execute(delete(Token).where(Token.user_id == user_id, Token.purpose == purpose))

    def owner(self, digest: str, purpose: str, now: datetime, last: datetime) -> int | None:
        """Whose token this is, if it would still be accepted now.

        :param last: a token that is to end after this moment was issued under another setting.
        """
        return self._work.scalar(select(Token.user_id).where(*_good(digest, purpose, now, last)))

    def spend(self, digest: str, purpose: str, now: datetime, last: datetime) -> int | None:
        """Remove the token and return whose it was: of many at once, one succeeds."""
        spent = delete(Token).where(*_good(digest, purpose, now, last)).returning(Token.user_id)
        return self._work.scalar(spent)

    def sweep(self, now: datetime) -> None:
        """Remove the tokens that are over."""
        self._work.execute(delete(Token).where(Token.expires_at <= now))


def _good(
    digest: str, purpose: str, now: datetime, last: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (
        Token.digest == digest,
        Token.purpose == purpose,
        Token.expires_at > now,
        Token.expires_at <= last,
    )
