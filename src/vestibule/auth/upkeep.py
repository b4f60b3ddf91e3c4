"""What keeps the service well and no visitor asks for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from vestibule.auth.audit import Audit
from vestibule.auth.crypto import Hasher
from vestibule.auth.errors import StorageUnavailable
from vestibule.auth.outbox import Outbox
from vestibule.auth.rate_limits import RateLimits
from vestibule.auth.registrations import Registrations
from vestibule.auth.sessions import Sessions
from vestibule.auth.tokens import Tokens
from vestibule.auth.worker import Worker
from vestibule.db import DB


@dataclass(frozen=True)
class Upkeep:
    """Sweeping, the background threads, and the database as a whole."""

    _db: DB
    _sessions: Sessions
    _tokens: Tokens
    _rate_limits: RateLimits
    _outbox: Outbox
    _audit: Audit
    _registrations: Registrations
    _hasher: Hasher
    _workers: list[Worker] = field(default_factory=list)

    def sweep(self) -> None:
        """Remove the sessions, tokens, counts and messages that are over."""
        self._sessions.sweep()
        self._tokens.sweep()
        self._rate_limits.sweep()
        self._outbox.sweep()
        self._audit.sweep()
        self._registrations.sweep()

    def start(self) -> None:
        """Let threads of this process deliver mail and sweep up from now on."""
        often = (
            self._sessions.record_visits,
            self._registrations.send_reminders,
            self._audit.flush,
            self._hasher.rest,
        )
        # A mail server may take its time, and nothing else must wait for it.
        mail, wake = (self._outbox.deliver_next,), self._outbox.queued
        for worker in (
            Worker("vestibule-mail", often=mail, wake=wake),
            Worker("vestibule-worker", often=often, sweep=self.sweep),
        ):
            worker.start()
            self._workers.append(worker)

    def schema(self) -> str | None:
        """The revision that the database is at.

        :raises StorageUnavailable: it cannot be read.
        """
        return self._db.schema()

    def close(self) -> None:
        """Finish what the threads began, and give back every database connection.

        SQLite folds its write-ahead log into the database when the last connection goes.
        """
        while self._workers:
            self._workers.pop().stop()
        with suppress(StorageUnavailable):
            self._sessions.record_visits()
            self._audit.flush()
        self._db.close()
