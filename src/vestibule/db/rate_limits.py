"""Counts of failures, shared by every worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from vestibule.records import RateLimit


@dataclass(frozen=True)
class RateLimits:
    """The ``rate_limits`` table, inside one transaction."""

    _work: Session

    def get(self, key: str, now: datetime) -> tuple[int, datetime]:
        """The hits in the window that is open, and when it ends; none: no hits, until now."""
        row = self._work.get(RateLimit, key)
        return (row.hits, row.expires_at) if row and row.expires_at > now else (0, now)

    def count(self, key: str, now: datetime, window_ends: datetime) -> None:
        """Count one more, in the window that is open or in one that opens now."""
        row = self._work.get(RateLimit, key)
        if row is None:
            self._work.add(RateLimit(key=key, hits=1, expires_at=window_ends))
        elif row.expires_at > now:
            row.hits += 1
        else:
            row.hits, row.expires_at = 1, window_ends

    def sweep(self, now: datetime) -> None:
        """Remove the windows that are over."""
        self._work.execute(delete(RateLimit).where(RateLimit.expires_at <= now))
