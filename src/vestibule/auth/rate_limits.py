"""How often something may be tried: taken from a budget before, given back if it was no failure.

An attempt is counted before its password is hashed. Had it been counted afterwards, as many more
as there are threads would slip through while the hashes are computed. Nothing else gives a budget
back what was taken from it, and only in the same window: a success never refills what others used.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from limits import RateLimitItemPerSecond
from limits.strategies import FixedWindowRateLimiter

from vestibule.auth.counts import APART, SharedCounts, StoredCounts
from vestibule.auth.crypto import digest
from vestibule.auth.errors import TooManyAttempts
from vestibule.config import Clock, Settings
from vestibule.db import DB, Transaction

log = logging.getLogger(__name__)


class Item(RateLimitItemPerSecond):
    """A limit in the words of the library, but for the key that it counts by."""

    def key_for(self, *identifiers: bytes | str | float) -> str:
        """What is limited, for whom, and not how much: another setting must not count anew."""
        return "/".join((self.namespace, *map(str, identifiers)))


@dataclass(frozen=True)
class Limit:
    """At most ``amount`` in a window that opens with the first; none: as many as one likes."""

    name: str
    amount: int
    window: timedelta = timedelta(minutes=15)
    # Counted in the database even where there is a Redis, which may forget.
    durable: bool = False

    @cached_property
    def item(self) -> Item:
        """The same in the words of the library."""
        return Item(self.amount, int(self.window.total_seconds()), self.name)


@dataclass(frozen=True)
class Budget:
    """What ``who`` may use of a limit."""

    limit: Limit
    who: tuple[str, ...]

    @cached_property
    def holder(self) -> str:
        """A digest: what is stored tells nobody which addresses were tried."""
        return digest("\0".join(self.who))

    @cached_property
    def key(self) -> str:
        """The name that it is counted by."""
        return self.limit.item.key_for(self.holder)


@dataclass
class Spent:
    """What one attempt took, until it is given back."""

    # By key: the end of the window in the database, the length of the window in Redis. In the
    # order of the keys, as everybody takes them.
    stored: dict[str, datetime] = field(default_factory=dict)
    shared: dict[str, int] = field(default_factory=dict)
    # The keys in the database that it took the last of.
    last: set[str] = field(default_factory=set)
    # When Redis had counted, by ``time.monotonic``.
    since: float = 0.0
    # In a transaction that may still come to nothing.
    given_back: bool = False


@dataclass(frozen=True)
class RateLimits:
    """All budgets. Without the database nothing can be tried: they fail closed."""

    _db: DB
    _clock: Clock
    # The classic profile limits nothing.
    enabled: bool
    # Where windows are counted that may be forgotten; while it fails, in the database.
    _redis: SharedCounts | None = None

    @classmethod
    def open(cls, settings: Settings, db: DB, clock: Clock) -> RateLimits:
        """All budgets of the service that ``settings`` describe."""
        return cls(db, clock, not settings.classic, SharedCounts.at(settings.redis_url))

    def spend(self, budgets: Sequence[Budget]) -> Spent:
        """Take one from each budget, or nothing from any.

        :raises TooManyAttempts: one is used up; it says when the last of those is not any more.
        :raises StorageUnavailable: it cannot be told.
        """
        spent = Spent()
        wanted = [each for each in budgets if each.limit.amount and self.enabled]
        rest = self._spend_shared(wanted, spent)
        try:
            self._spend_stored(rest, spent)
        except BaseException:
            self._give_back_shared(spent)
            raise
        return spent

    def give_back(self, spent: Spent, tx: Transaction | None = None) -> None:
        """Put what was taken back where it was taken, within ``tx`` if there is one."""
        if tx is not None:
            self._give_back_stored(tx, spent)
            spent.given_back = True
        elif spent.stored:
            with self._db.begin(lasting=False) as own:
                self._give_back_stored(own, spent)
            spent.stored.clear()
        self._give_back_shared(spent)

    def forget(self, tx: Transaction, budgets: Sequence[Budget]) -> None:
        """Count these durable budgets from nothing again, within ``tx``."""
        counts = StoredCounts(tx, self._clock())
        limiter = FixedWindowRateLimiter(counts)
        for each in sorted(budgets, key=lambda each: each.key):
            limiter.clear(each.limit.item, each.holder)

    def sweep(self, most: int) -> bool:
        """Remove up to ``most`` windows that are over, and say whether there may be more."""
        now = self._clock()
        return self._db.sweep(lambda tx: tx.rate_limits.over(now), most)

    def _spend_stored(self, budgets: Sequence[Budget], spent: Spent) -> None:
        if not budgets:
            return
        now = self._clock()
        # Looking first keeps a flood of what is refused anyway from taking the write lock.
        with self._db.look() as tx:
            counts = StoredCounts(tx, now)
            counts.read([each.key for each in budgets])
            limiter = FixedWindowRateLimiter(counts)
            over = [each for each in budgets if not limiter.test(each.limit.item, each.holder)]
        latest = max((counts.ends(each.key) for each in over), default=now)
        # An end that is too far away is from before the clock was set back; counting mends it.
        if over and all(counts.ends(each.key) <= now + each.limit.window + APART for each in over):
            raise TooManyAttempts(_seconds(latest - now))
        # A power cut makes nobody try faster.
        with self._db.begin(lasting=False) as tx:
            refused_until = self._hit(StoredCounts(tx, now), budgets, spent)
            if refused_until:
                self._give_back_stored(tx, spent)
        if refused_until:
            raise TooManyAttempts(_seconds(refused_until - now))

    def _hit(
        self, counts: StoredCounts, budgets: Sequence[Budget], spent: Spent
    ) -> datetime | None:
        """Count one for each; the latest end of those that were used up, if any was."""
        limiter, over = FixedWindowRateLimiter(counts), []
        # Always in the same order: two that wait for each other's rows would wait for ever.
        ordered = sorted(budgets, key=lambda each: each.key)
        counts.add({each.key: each.limit.item.get_expiry() for each in ordered})
        for each in ordered:
            if not limiter.hit(each.limit.item, each.holder):
                over.append(counts.ends(each.key))
            if counts.get(each.key) == each.limit.amount:
                spent.last.add(each.key)
            spent.stored[each.key] = counts.ends(each.key)
        return max(over, default=None)

    def _give_back_stored(self, tx: Transaction, spent: Spent) -> None:
        StoredCounts(tx, self._clock()).take_off(spent.stored)

    def _spend_shared(self, budgets: Sequence[Budget], spent: Spent) -> Sequence[Budget]:
        """Take from the budgets that Redis counts, and say which are left for the database."""
        redis = self._redis
        if redis is None or redis.rests():
            return budgets
        try:
            wait = self._hit_shared(redis, budgets, spent)
        except redis.failures:
            log.warning("limits.redis_unavailable")
            redis.rest()
            spent.shared.clear()
            return budgets
        if wait:
            self._give_back_shared(spent)
            raise TooManyAttempts(_seconds(timedelta(seconds=wait)))
        return [each for each in budgets if each.limit.durable]

    def _hit_shared(self, redis: SharedCounts, budgets: Sequence[Budget], spent: Spent) -> float:
        """Count one for each; how many seconds the longest takes of those that were used up."""
        limiter, over = FixedWindowRateLimiter(redis), [0.0]
        for each in budgets:
            if each.limit.durable:
                continue
            spent.shared[each.key] = each.limit.item.get_expiry()
            if not limiter.hit(each.limit.item, each.holder):
                over.append(max(redis.left(each.key), 0.001))
        spent.since = time.monotonic()
        return max(over)

    def _give_back_shared(self, spent: Spent) -> None:
        if self._redis and spent.shared:
            # What cannot be given back stays taken, until its window ends.
            with suppress(*self._redis.failures):
                for key, expiry in spent.shared.items():
                    self._redis.take_off(key, expiry, spent.since)
        spent.shared.clear()


def _seconds(wait: timedelta) -> int:
    return math.ceil(wait.total_seconds())
