"""Sessions: opened at login, found on every request, closed.

The threat is a leaked database or a copied cookie. The id is 128 random bits that only the cookie
holds; the table has its SHA-256 digest, which opens nothing. A session ends when it was unused
for a while, after a fixed time in any case, and at once when it is closed: every check reads the
table, so there is no cache that would let an ended one live on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from vestibule.auth.acts import PUBLIC_DIGITS, acting
from vestibule.auth.audit import Audit, recorded
from vestibule.auth.crypto import digest, new_secret
from vestibule.auth.devices import Device, in_words
from vestibule.auth.errors import LoginNotRecent, NoSession, UnknownSession
from vestibule.auth.proofs import words_of
from vestibule.config import Clock
from vestibule.db import DB, Place, Transaction, Visit
from vestibule.user import Session

__all__ = ["MOST_OF_USER", "Open", "Sessions", "Visit"]

# What a public id looks like; anything else is nobody's, and never reaches the database.
PUBLIC_ID = re.compile(rf"[0-9a-f]{{{PUBLIC_DIGITS}}}")
# More at the same time than anybody has devices. The one unused for longest makes room.
MOST_OF_USER = 100
# ``last_seen_at`` is this coarse, so that reading a session writes once a minute at most.
TOUCH_EVERY = timedelta(minutes=1)
# Sessions whose use is written down in one transaction. A million people at work are 17,000 each
# second, or all of them after a while without a database, and a statement takes only so many values
# (65,535 on PostgreSQL).
VISITS = 5000


class Opened(NamedTuple):
    """A session's id, and where the others of its user were opened, if that was asked for."""

    id: str
    others: list[Place]


class Open(NamedTuple):
    """One of a person's open sessions, as it is shown to that person."""

    public_id: str
    created_at: datetime
    last_seen_at: datetime
    device: str
    address: str | None
    current: bool
    # What was proved, and when it was proved last.
    amr: list[str]
    proved_at: datetime


@dataclass(frozen=True)
class Sessions:
    """The sessions of all users."""

    _db: DB
    clock: Clock
    audit: Audit
    idle: timedelta
    lifetime: timedelta
    # How long after a proof more may be done than looking: an account deleted, others logged out.
    recent: timedelta
    # The exercise knows one session a user: a new login replaces the one before.
    single: bool
    # When sessions were last used, by number, until it is written down.
    _seen: dict[int, datetime] = field(default_factory=dict)

    def open(
        self,
        tx: Transaction,
        user_id: int,
        device: Device | None = None,
        instead_of: str | None = None,
        amr: str | None = None,
        *,
        look: bool = False,
    ) -> Opened:
        """Open a session within ``tx`` and return its id, which is shown this once.

        For ``Entrance`` alone, which knows whether a factor is owed first.

        :param instead_of: a session id whose session, if there is one, ends (OWASP ASVS 7.2.4).
        :param amr: what was proved, in the words of ``proofs``.
        :param look: whether to say where others of the user were opened.
        """
        session_id, now = new_secret(), self.clock()
        if self.single:
            tx.sessions.close_all(user_id)
        elif instead_of:
            tx.sessions.close(digest(instead_of))
        others = tx.sessions.keep_newest(user_id, MOST_OF_USER - 1, look=look)
        acting().opened(session_id)
        tx.sessions.add(
            digest=digest(session_id),
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + self.lifetime,
            user_agent=device.user_agent[:250] if device else None,
            address=device.address[:45] if device else None,
            amr=amr,
            proved_at=None,
        )
        return Opened(session_id, others)

    def find(self, session_id: str | None) -> Visit | None:
        """The open session with this id, or ``None``.

        :raises StorageUnavailable: it cannot be told now.
        """
        if not session_id:
            return None
        now = self.clock()
        visit = self._db.find_session(
            digest(session_id), now, idle=self.idle, lifetime=self.lifetime
        )
        if visit and now - visit.last_seen_at >= self._touch_every:
            self._seen[visit.session_id] = now
        return visit

    @cached_property
    def _touch_every(self) -> timedelta:
        return min(TOUCH_EVERY, self.idle / 4)

    def record_visits(self) -> None:
        """Write down which sessions were used: later, and together, so that no reader waits."""
        waiting = list(self._seen.copy().items())
        for first in range(0, len(waiting), VISITS):
            seen = dict(waiting[first : first + VISITS])
            with self._db.begin(lasting=False) as tx:
                tx.sessions.touch(seen)
            # Only now: had it failed, the next round would try again.
            for session_id, at in seen.items():
                if self._seen.get(session_id) == at:
                    del self._seen[session_id]

    def close(self, session_id: str) -> bool:
        """End this session, and say whether there was one: of many at once, one is told so."""
        with self._db.begin() as tx:
            closed = tx.sessions.close(digest(session_id))
            if closed:
                acting().accept(tx)
        return closed

    def list(self, session_id: str | None) -> list[Open]:
        """The open sessions of whose session this is, the one used last first.

        :raises NoSession: it is not open.
        """
        visit, now = self.require(session_id), self.clock()
        with self._db.read() as tx:
            rows = tx.sessions.of_user(visit.user_id)
        found = [
            Open(
                public_id=row.digest[:PUBLIC_DIGITS],
                created_at=row.created_at,
                last_seen_at=max(row.last_seen_at, self._seen.get(row.id, row.last_seen_at)),
                device=in_words(row.user_agent),
                address=row.address,
                current=row.id == visit.session_id,
                amr=words_of(row.amr),
                proved_at=row.proved_at or row.created_at,
            )
            for row in rows
            if row.expires_at > now
            and row.last_seen_at > now - self.idle
            and row.created_at > now - self.lifetime
        ]
        # Not as they are stored: what was seen since is written down later.
        return sorted(found, key=lambda each: each.last_seen_at, reverse=True)

    @recorded("session.close")
    def close_other(self, session_id: str | None, public_id: str) -> None:
        """End the session with this public id, of whose session ``session_id`` is.

        :raises NoSession: ``session_id`` is not open.
        :raises LoginNotRecent: it was proved too long ago who it is, and it would end another.
        :raises UnknownSession: none of one's own has this public id.
        """
        visit = self.require(session_id)
        acting().by(visit.user_id, session_id)
        with self._db.begin() as tx:
            if not digest(session_id or "").startswith(public_id):
                self.require_recent(tx, session_id, visit.user_id)
            known = PUBLIC_ID.fullmatch(public_id)
            if not known or not tx.sessions.close_one(visit.user_id, public_id):
                raise UnknownSession("None of your sessions has this id.")
            acting().accept(tx)

    @recorded("session.close_others")
    def close_others(self, session_id: str | None) -> None:
        """End every session of whose session this is, but this one; and logins under way.

        :raises NoSession: it is not open.
        :raises LoginNotRecent: it was proved too long ago who it is.
        """
        visit = self.require(session_id)
        acting().by(visit.user_id, session_id)
        with self._db.begin() as tx:
            self.require_recent(tx, session_id, visit.user_id)
            tx.sessions.close_all(visit.user_id, but=digest(session_id or ""))
            tx.logins.drop(visit.user_id)
            acting().accept(tx)

    def require(self, session_id: str | None) -> Visit:
        """The open session with this id.

        :raises NoSession: it is not open.
        """
        visit = self.find(session_id)
        if visit is None:
            raise NoSession
        return visit

    def again(self, tx: Transaction, session_id: str | None, user_id: int) -> Session:
        """The user's session, looked up again within ``tx``.

        :raises NoSession: it was closed meanwhile.
        """
        row = tx.sessions.with_digest(digest(session_id or ""))
        if row is None or row.user_id != user_id:
            raise NoSession
        return row

    def require_recent(self, tx: Transaction, session_id: str | None, user_id: int) -> Session:
        """Accept a session whose owner proved a short while ago to be there.

        A copied cookie must not throw its owner out (OWASP ASVS 7.5.2).

        :raises NoSession: it was closed meanwhile.
        :raises LoginNotRecent: it was longer ago.
        """
        row = self.again(tx, session_id, user_id)
        if (row.proved_at or row.created_at) <= self.clock() - self.recent:
            raise LoginNotRecent
        return row

    def close_all(self, user_id: int) -> None:
        """End every session of the user; an unknown user has none."""
        with self._db.begin() as tx:
            tx.sessions.close_all(user_id)

    def sweep(self, most: int) -> bool:
        """Remove up to ``most`` sessions that are over, and say whether there may be more."""
        now = self.clock()
        return self._db.sweep(lambda tx: tx.sessions.over(now, self.idle), most)
