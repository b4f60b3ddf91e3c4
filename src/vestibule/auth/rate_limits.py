"""How often something may be tried, counted in the database for all workers together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from vestibule.auth.crypto import digest
from vestibule.auth.errors import TooManyAttempts
from vestibule.config import Clock
from vestibule.db import DB, Transaction


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

    def hit(self, limit: Limit, *who: str) -> None:
        """Count one attempt before it is made, so that many at once cannot all slip through.

        :raises TooManyAttempts: there were as many as the limit allows already.
        """
        if not self.enabled:
            return
        now = self._clock()
        with self._db.begin() as tx:
            hits, window_ends = tx.rate_limits.hit(_key(limit, who), now, now + limit.window)
        if hits > limit.amount:
            raise TooManyAttempts(math.ceil((window_ends - now).total_seconds()))

    def take_back(self, tx: Transaction, limit: Limit, *who: str) -> None:
        """Uncount an attempt that turned out well. Earlier failures stay counted."""
        if self.enabled:
            tx.rate_limits.take_back(_key(limit, who))

    def sweep(self) -> None:
        """Remove the windows that are over."""
        with self._db.begin() as tx:
            tx.rate_limits.sweep(self._clock())


def _key(limit: Limit, who: tuple[str, ...]) -> str:
    # A digest: the table tells nobody which addresses were tried.
    return digest("\0".join((limit.name, *who)))
