"""Counts of failures, shared by every worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, select
from sqlalchemy.orm import Session

from vestibule.db.statements import SWEEP_BATCH, upsert
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
        first = upsert(self._work, RateLimit).values(key=key, hits=1, expires_at=window_ends)
        going_on = RateLimit.expires_at > now
        # One statement: of many who count at once, none is lost.
        counted = first.on_conflict_do_update(
            index_elements=[RateLimit.key],
            set_={
                "hits": case((going_on, RateLimit.hits + 1), else_=1),
                "expires_at": case(
                    (going_on, RateLimit.expires_at), else_=first.excluded.expires_at
                ),
            },
        )
        self._work.execute(counted)

    def sweep(self, now: datetime) -> None:
        """Remove the windows that are over."""
        over = select(RateLimit.key).where(RateLimit.expires_at <= now).limit(SWEEP_BATCH)
        free = self._work.scalars(over.with_for_update(skip_locked=True)).all()
        self._work.execute(delete(RateLimit).where(RateLimit.key.in_(free)))
