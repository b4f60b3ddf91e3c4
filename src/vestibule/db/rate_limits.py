"""Counts of attempts, shared by every worker and node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, text
from sqlalchemy.orm import Session

from vestibule.db.sweeping import Over
from vestibule.records import RateLimit
from vestibule.user import micros, moment

# Written out, in words that SQLite and PostgreSQL both know: every login counts, and what builds
# statements took half of its time. One statement counts: of many who do at once, none is lost. A
# window that ends too late was opened before the clock was set back: it keeps its hits, and gets an
# end that comes.
ADD = text("""
    INSERT INTO rate_limits (key, hits, expires_at) VALUES (:key, :hits, :ends)
    ON CONFLICT (key) DO UPDATE SET
      hits = CASE WHEN rate_limits.expires_at > :now
        THEN rate_limits.hits + excluded.hits ELSE excluded.hits END,
      expires_at = CASE
        WHEN rate_limits.expires_at > :now AND rate_limits.expires_at <= :latest
        THEN rate_limits.expires_at ELSE excluded.expires_at END
    RETURNING hits, expires_at
    """)
TAKE_OFF = text("""
    UPDATE rate_limits SET hits = hits - 1 WHERE key = :key AND expires_at = :ends AND hits > 0
    """)
FOUND = text("SELECT key, hits, expires_at FROM rate_limits WHERE key IN :keys").bindparams(
    bindparam("keys", expanding=True)
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
        found = self._work.execute(FOUND, {"keys": keys})
        return {key: Count(hits, moment(ends)) for key, hits, ends in found}

    def add(
        self, key: str, hits: int, now: datetime, window_ends: datetime, latest: datetime
    ) -> Count:
        """Count these, in the window that is open or in one that opens now.

        :param latest: when a window ends at the latest that is believed.
        """
        moments = {"now": micros(now), "ends": micros(window_ends), "latest": micros(latest)}
        hits, ends = self._work.execute(ADD, {"key": key, "hits": hits, **moments}).one()
        return Count(hits, moment(ends))

    def take_off(self, counted: dict[str, datetime]) -> None:
        """Count one less of each, in the window that ends then and in no other; in this order."""
        rows = [{"key": key, "ends": micros(ends)} for key, ends in counted.items()]
        if rows:
            self._work.execute(TAKE_OFF, rows)

    def forget(self, key: str) -> None:
        """Count from nothing again."""
        self._work.execute(delete(RateLimit).where(RateLimit.key == key))

    def over(self, now: datetime) -> Over:
        """The windows that are over."""
        return Over(self._work, RateLimit.key, RateLimit.expires_at <= now)
