"""Counts of attempts, shared by every worker and node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import String, bindparam, delete, select, text

from vestibule.db.statements import Statement
from vestibule.db.sweeping import Over
from vestibule.db.work import Work
from vestibule.records import RateLimit
from vestibule.user import micros, moment

# Written out, in words that SQLite and PostgreSQL both know: SQLAlchemy has them for each apart.
# One statement counts: of many who do at once, none is lost. A window that ends too late was opened
# before the clock was set back: it keeps its hits, and gets an end that comes.
ADD = """
    INSERT INTO rate_limits (key, hits, expires_at) VALUES {rows}
    ON CONFLICT (key) DO UPDATE SET
      hits = CASE WHEN rate_limits.expires_at > :now
        THEN rate_limits.hits + 1 ELSE 1 END,
      expires_at = CASE
        WHEN rate_limits.expires_at > :now
          AND rate_limits.expires_at <= excluded.expires_at + :apart
        THEN rate_limits.expires_at ELSE excluded.expires_at END
    RETURNING key, hits, expires_at
    """
MICROSECOND = timedelta(microseconds=1)
TAKE_OFF = Statement(
    text("""
    UPDATE rate_limits SET hits = hits - 1 WHERE key = :key AND expires_at = :ends AND hits > 0
    """)
)
FORGET = Statement(delete(RateLimit).where(RateLimit.key == bindparam("key")))


@cache
def _finding(many: int) -> Statement:
    keys = [bindparam(f"key{number}", type_=String()) for number in range(many)]
    columns = RateLimit.key, RateLimit.hits, RateLimit.expires_at
    return Statement(select(*columns).where(RateLimit.key.in_(keys)))


@cache
def _adding(many: int) -> Statement:
    rows = (f"(:key{number}, 1, :ends{number})" for number in range(many))
    return Statement(text(ADD.format(rows=", ".join(rows))))


class Count(NamedTuple):
    """The hits in a window, and when it ends."""

    hits: int
    ends: datetime


@dataclass(slots=True)
class RateLimits:
    """The ``rate_limits`` table, inside one transaction."""

    _work: Work

    def found(self, keys: list[str]) -> dict[str, Count]:
        """The counts that there are of these, those of windows that are over among them."""
        named = {f"key{number}": key for number, key in enumerate(keys)}
        found = self._work.all(_finding(len(keys)), **named)
        return {key: Count(hits, ends) for key, hits, ends in found}

    def add(self, ends: dict[str, datetime], now: datetime, apart: timedelta) -> dict[str, Count]:
        """Count one more of each, in the window that is open or in one that opens now.

        :param ends: when the window ends that opens now. Rows are taken in this order.
        :param apart: by how much later a window may end and be believed.
        """
        values: dict[str, Any] = {"now": micros(now), "apart": apart // MICROSECOND}
        for number, (key, end) in enumerate(ends.items()):
            values |= {f"key{number}": key, f"ends{number}": micros(end)}
        counted = self._work.all(_adding(len(ends)), **values)
        return {key: Count(hits, moment(end)) for key, hits, end in counted}

    def take_off(self, counted: dict[str, datetime]) -> None:
        """Count one less of each, in the window that ends then and in no other; in this order."""
        rows = [{"key": key, "ends": micros(ends)} for key, ends in counted.items()]
        if rows:
            self._work.run_all(TAKE_OFF, rows)

    def forget(self, key: str) -> None:
        """Count from nothing again."""
        self._work.run(FORGET, key=key)

    def over(self, now: datetime) -> Over:
        """The windows that are over."""
        return Over(self._work, RateLimit.key, RateLimit.expires_at <= now)
