"""Where attempts are counted: in the database, or in a Redis that all nodes share.

Both are storages of the library ``limits``, whose strategy of fixed windows decides. A window
opens with its first attempt, so that its end is known to the second; see
``docs/decisions`` for the strategies that were not taken.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from limits.storage import RedisStorage, Storage
from pydantic import SecretStr

from vestibule.auth.crypto import digest
from vestibule.db import Transaction

# Logins wait for Redis: rather than long, they are counted in the database.
REDIS_SECONDS = 0.25
REST_SECONDS = 5.0
# Clocks of nodes differ, and of two who count at once the later may have read the clock before. By
# more than this they do not: the clock was set back.
APART = timedelta(minutes=1)
PREFIX = "vestibule"


class StoredCounts(Storage):
    """The counts in the database, within one transaction, by a clock that tests move."""

    STORAGE_SCHEME = None

    def __init__(self, tx: Transaction, now: datetime) -> None:
        super().__init__()
        self._counts = tx.rate_limits
        self._now = now
        self._ends: dict[str, datetime] = {}
        self._hits: dict[str, int] = {}
        self._added: set[str] = set()

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """None: the database's own are translated already."""
        return ()

    def read(self, keys: list[str]) -> None:
        """Look all of these up at once."""
        found = self._counts.found([digest(key) for key in keys])
        for key in keys:
            count = found.get(digest(key))
            if count and count.ends > self._now:
                self._hits[key], self._ends[key] = count

    def add(self, expiries: dict[str, int]) -> None:
        """Count one more of each key, whose window is so many seconds long, all in one statement.

        Rows are taken in this order.
        """
        ends = {digest(key): self._now + timedelta(seconds=each) for key, each in expiries.items()}
        counted = self._counts.add(ends, self._now, APART)
        for key in expiries:
            self._hits[key], self._ends[key] = counted[digest(key)]
        self._added.update(expiries)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:  # noqa: ARG002 - the library's.
        """Count one more, unless it was added with others just now, and say how many there are."""
        if key not in self._added:
            self.add({key: expiry})
        self._added.discard(key)
        return self._hits[key]

    def get(self, key: str) -> int:
        """How many there are, of what was read or counted in this transaction."""
        return self._hits.get(key, 0)

    def ends(self, key: str) -> datetime:
        """When the window ends."""
        return self._ends.get(key, self._now)

    def get_expiry(self, key: str) -> float:
        """The same, in seconds since 1970."""
        return self.ends(key).timestamp()

    def take_off(self, counted: dict[str, datetime]) -> None:
        """Count one less of each, if the window that ends then is still open.

        In the order in which they are given, which is the one they were counted in: two that take
        the same rows in two orders wait for each other.
        """
        self._counts.take_off({digest(key): ends for key, ends in counted.items()})

    def clear(self, key: str) -> None:
        """Count from nothing again."""
        self._counts.forget(digest(key))

    def check(self) -> bool:
        """Whether it can be used: the transaction would not be open otherwise."""
        return True

    def reset(self) -> int | None:
        """Not done: nobody asks for all counts to be forgotten."""
        raise NotImplementedError


class SharedCounts(RedisStorage):
    """The counts in Redis, by its own clock."""

    STORAGE_SCHEME = None  # type: ignore[assignment]  # It is not to be found by a URL.
    # One less in a window that is at least as old as the attempt: never in a later one.
    TAKE_OFF = """
        local left = redis.call('pttl', KEYS[1])
        if left > 0 and left <= tonumber(ARGV[1]) and tonumber(redis.call('get', KEYS[1])) > 0 then
            return redis.call('decr', KEYS[1])
        end
    """

    def __init__(self, url: str) -> None:
        # Four megabytes in every worker, for those alone that have a Redis.
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.exceptions import ConnectionError, RedisError  # noqa: A004, PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        options: dict[str, Any] = {
            "socket_timeout": REDIS_SECONDS,
            "socket_connect_timeout": REDIS_SECONDS,
            # A connection that an idle Redis closed is no failure: once more, on a new one.
            "retry": Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
        }
        super().__init__(url, key_prefix=PREFIX, **options)
        self.failures = (RedisError, OSError)
        self._client: Any = self.storage
        self._take_off = self._client.register_script(self.TAKE_OFF)
        self._rests_until = 0.0

    @classmethod
    def at(cls, url: SecretStr | None) -> SharedCounts | None:
        """Those at this URL; none if there is none. Nothing is asked of Redis yet."""
        return cls(url.get_secret_value()) if url else None

    def rests(self) -> bool:
        """Whether it failed a moment ago, and is not asked again yet."""
        return time.monotonic() < self._rests_until

    def rest(self) -> None:
        """Have nobody else wait for it for a while."""
        self._rests_until = time.monotonic() + REST_SECONDS

    def left(self, key: str) -> float:
        """Seconds until the window ends, to the thousandth: the library's are whole ones."""
        return max(int(self._client.pttl(self.prefixed_key(key))), 0) / 1000

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return time.time() + self.left(key)

    def take_off(self, key: str, expiry: int, since: float) -> None:
        """Count one less, if the window of ``expiry`` seconds is the one of an attempt then.

        :param since: when the attempt had been counted, by ``time.monotonic``.
        """
        oldest = (expiry - (time.monotonic() - since)) * 1000
        self._take_off(keys=[self.prefixed_key(key)], args=[oldest])
