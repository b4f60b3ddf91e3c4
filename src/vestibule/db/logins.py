"""Logins that are half done: added, found by the digest of their id, ended.

They have a table of their own. What checks a session never sees one, on any route.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from vestibule.db.statements import Statement, adding
from vestibule.db.sweeping import Over
from vestibule.db.users import Users
from vestibule.db.work import Work
from vestibule.user import Login

OPEN = (Login.digest == bindparam("digest"), Login.expires_at > bindparam("now"))
ADD = Statement(adding(Login, "digest", "user_id", "expires_at", "bound", "owes"))
GOOD = Statement(select(Login).where(*OPEN), of=Login)
SPEND = Statement(delete(Login).where(*OPEN))
OF_USER = Statement(
    select(Login).where(Login.user_id == bindparam("user_id")).order_by(Login.expires_at), of=Login
)
DROP = Statement(delete(Login).where(Login.user_id == bindparam("user_id")))
DROP_EVERYBODYS = Statement(delete(Login))


@dataclass(slots=True)
class Logins:
    """The ``logins`` table, inside one transaction."""

    _work: Work
    _users: Users

    def add(self, **columns: Any) -> None:
        """Store a login that owes something."""
        self._work.run(ADD, **columns)

    def good(self, digest: str, now: datetime) -> Login | None:
        """The login with this digest, if it is not over."""
        return self._work.first(GOOD, digest=digest, now=now)

    def spend(self, digest: str, now: datetime) -> bool:
        """Remove the login, and say whether it was not over: of many at once, one succeeds."""
        return self._work.run(SPEND, digest=digest, now=now) == 1

    def of_user(self, user_id: int) -> list[Login]:
        """The user's logins, over or not, by their end."""
        return self._work.all(OF_USER, user_id=user_id)

    def drop(self, user_id: int) -> None:
        """End the user's logins."""
        self._users.lock(user_id)
        self._work.run(DROP, user_id=user_id)

    def drop_everybodys(self) -> None:
        """End every login."""
        self._work.run(DROP_EVERYBODYS)

    def over(self, now: datetime) -> Over:
        """The logins that nobody can finish any more."""
        return Over(self._work, Login.digest, Login.expires_at <= now)
