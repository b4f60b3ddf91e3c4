"""Counts of attempts, shared by every worker and node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, text, update
from sqlalchemy.orm import Session

from vestibule.records import RateLimit
from vestibule.user import Instant

# One statement, in words that SQLite and PostgreSQL both know: of many who count at once, none is
# lost. A window that ends later than one that opened now would was opened before the clock was set
# back: it keeps its hits, and gets an end that comes.
ADD = (
    text("""
    INSERT INTO rate_limits (key, hits, expires_at) VALUES (:key, :hits, :ends)
    ON CONFLICT (key) DO UPDATE SET
      hits = CASE WHEN rate_limits.expires_at > :now
        THEN rate_limits.hits + excluded.hits ELSE excluded.hits END,
      expires_at = CASE
        WHEN rate_limits.expires_at > :now AND rate_limits.expires_at < excluded.expires_at
        THEN rate_limits.expires_at ELSE excluded.expires_at END
    RETURNING hits, expires_at
    """)
    .bindparams(bindparam("now", type_=Instant), bindparam("ends", type_=Instant))
    .columns(RateLimit.hits, RateLimit.expires_at)
)


class Count(NamedTuple):
    """The hits in a window, and when it ends."""

    hits: int
    ends: datetime


@dataclass(frozen=True)
class RateLimits:
    """The ``rate_limits`` table, inside one transaction."""

    _work: Session

    def found(self, keys: list[str]) -> dict[str, Count]:
        """The counts that there are of these, those of windows that are over among them."""
        rows = select(RateLimit.key, RateLimit.hits, RateLimit.expires_at)
        found = self._work.execute(rows.where(RateLimit.key.in_(keys)))
        return {key: Count(hits, ends) for key, hits, ends in found}

    def add(self, key: str, hits: int, now: datetime, window_ends: datetime) -> Count:
        """Count these, in the window that is open or in one that opens now."""
        values = {"key": key, "hits": hits, "now": now, "ends": window_ends}
        return Count(*self._work.execute(ADD, values).one())

    def take_off(self, key: str, window_ends: datetime) -> None:
        """Count one less, in the window that ends then and in no other."""
        row = update(RateLimit).where(RateLimit.key == key, RateLimit.expires_at == window_ends)
        self._work.execute(row.where(RateLimit.hits > 0).values(hits=RateLimit.hits - 1))

    def forget(self, key: str) -> None:
        """Count from nothing again."""
        self._work.execute(delete(RateLimit).where(RateLimit.key == key))

    def sweep(self, now: datetime, most: int) -> int:
        """Remove windows that are over, and say how many there were of them."""
        over = select(RateLimit.key).where(RateLimit.expires_at <= now).limit(most)
        keys = list(self._work.scalars(over.with_for_update(skip_locked=True)))
        self._work.execute(delete(RateLimit).where(RateLimit.key.in_(keys)))
        return len(keys)
