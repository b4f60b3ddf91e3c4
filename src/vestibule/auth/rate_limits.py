"""How often something may be tried, counted in the database for all workers together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from vestibule.auth.crypto import digest
from vestibule.auth.errors import TooManyAttempts
from vestibule.config import Clock
from vestibule.db import DB


@dataclass(frozen=True)
class Limit:
    """At most ``amount`` in a window that opens with the first."""

    name: str
    amount: int
    window: timedelta = timedelta(minutes=15)


@dataclass(frozen=True)
class RateLimits:
    """The counts. Without the database nothing can be tried: they fail closed."""

    _db: DB
    _clock: Clock
    # The classic profile limits nothing.
    enabled: bool

    def check(self, limit: Limit, *who: str) -> None:
        """Let pass whoever has attempts left. Nothing is counted, and nothing written.

        Attempts that are under way are not counted yet: as many more can slip through as there
        are threads to try them. Counting them first would shut out who logs in twice at once.

        :raises TooManyAttempts: there were as many as the limit allows.
        """
        if not self.enabled:
            return
        now = self._clock()
        with self._db.read() as tx:
            hits, window_ends = tx.rate_limits.get(_key(limit, who), now)
        if hits >= limit.amount:
            raise TooManyAttempts(math.ceil((window_ends - now).total_seconds()))

    def count(self, limit: Limit, *who: str) -> None:
        """Count one attempt, in the window that is open or in one that opens now."""
        if self.enabled:
            now = self._clock()
            with self._db.begin() as tx:
                tx.rate_limits.count(_key(limit, who), now, now + limit.window)

    def sweep(self) -> None:
        """Remove the windows that are over."""
        with self._db.begin() as tx:
            tx.rate_limits.sweep(self._clock())


def _key(limit: Limit, who: tuple[str, ...]) -> str:
    # A digest: the table tells nobody which addresses were tried.
    return digest("\0".join((limit.name, *who)))
