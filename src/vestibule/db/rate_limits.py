"""Counts of failures, shared by every worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from vestibule.records import RateLimit


@dataclass(frozen=True)
class RateLimits:
    """The ``rate_limits`` table, inside one transaction."""

    _work: Session

    def hit(self, key: str, now: datetime, window_ends: datetime) -> tuple[int, datetime]:
        """Count one more, in a window that opens now unless one is open.

        :returns: the hits in the window, this one included, and when the window ends.
        """
        self._work.execute(
            delete(RateLimit).where(RateLimit.key == key, RateLimit.expires_at <= now)
        )
        row = self._work.get(RateLimit, key)
        if row is None:
            row = RateLimit(key=key, hits=0, expires_at=window_ends)
            self._work.add(row)
        row.hits += 1
        self._work.flush()
        return row.hits, row.expires_at

    def take_back(self, key: str) -> None:
        """Uncount one hit."""
        self._work.execute(
            update(RateLimit)
            .where(RateLimit.key == key, RateLimit.hits > 0)
            .values(hits=RateLimit.hits - 1)
        )

    def sweep(self, now: datetime) -> None:
        """Remove the windows that are over."""
        self._work.execute(delete(RateLimit).where(RateLimit.expires_at <= now))
