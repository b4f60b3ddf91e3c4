"""What keeps the service well and no visitor asks for."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.auth.crypto import Hasher
from vestibule.auth.outbox import Outbox
from vestibule.auth.rate_limits import RateLimits
from vestibule.auth.sessions import Sessions
from vestibule.auth.tokens import Tokens
from vestibule.auth.worker import Worker
from vestibule.db import DB


@dataclass(frozen=True)
class Upkeep:
    """Sweeping, the worker thread, and the state of the database."""

    _db: DB
    _sessions: Sessions
    _tokens: Tokens
    _rate_limits: RateLimits
    _outbox: Outbox
    _hasher: Hasher

    def sweep(self) -> None:
        """Remove the sessions, tokens and counts that are over."""
        self._sessions.sweep()
        self._tokens.sweep()
        self._rate_limits.sweep()

    def worker(self) -> Worker:
        """The thread that delivers mail and sweeps up, not yet started."""
        often = (self._outbox.deliver_due, self._sessions.record_visits, self._hasher.rest)
        return Worker(often=often, sweep=self.sweep, wake=self._outbox.queued)

    def schema(self) -> str | None:
        """The revision that the database is at.

        :raises StorageUnavailable: it cannot be read.
        """
        return self._db.schema()

    def close(self) -> None:
        """Give back every database connection."""
        self._db.close()
