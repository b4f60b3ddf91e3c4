"""What keeps the service well and no visitor asks for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from vestibule.auth.audit import Audit
from vestibule.auth.errors import StorageUnavailable
from vestibule.auth.factor_desks import FactorDesks
from vestibule.auth.outbox import Outbox
from vestibule.auth.rate_limits import RateLimits
from vestibule.auth.registrations import Registrations
from vestibule.auth.sessions import Sessions
from vestibule.auth.tokens import Tokens
from vestibule.auth.worker import Worker
from vestibule.db import DB

# Rows that a desk removes in one transaction: other writers never wait long.
BATCH = 500
MOST_ROUNDS = 100
# SQLite lets nobody in by turns: who waits for the write lock looks again now and then, and would
# seldom find it free.
PAUSE_SECONDS = 0.02
# To compose a mail takes some milliseconds, and a mail for nobody is not composed: who asked for
# one and logs in at once must not be slowed down by it.
LATER_SECONDS = 1.0


class Swept(Protocol):
    """A desk that keeps what is over after a time."""

    def sweep(self, most: int) -> bool:
        """Remove up to ``most`` of it, and say whether there may be more."""


@dataclass(frozen=True)
class Upkeep:
    """Sweeping, the background threads, and the database as a whole."""

    _db: DB
    _sessions: Sessions
    _factors: FactorDesks
    _tokens: Tokens
    _rate_limits: RateLimits
    _outbox: Outbox
    _audit: Audit
    _registrations: Registrations
    _workers: list[Worker] = field(default_factory=list)
    _closing: Event = field(default_factory=Event)

    def sweep(self) -> None:
        """Remove what is over: sessions, logins, tokens, counts, messages, old acts, and accounts.

        Each desk removes one batch in a short transaction of its own, again and again until it
        has nothing left; after very many batches the rest waits for the next sweep.
        """
        desks: Sequence[Swept] = (
            self._sessions,
            self._factors,
            self._tokens,
            self._rate_limits,
            self._outbox,
            self._audit,
            self._registrations,
        )
        for _ in range(MOST_ROUNDS):
            desks = [desk for desk in desks if desk.sweep(BATCH)]
            # Writers that wait are let in before the next batch.
            if not desks or self._closing.wait(PAUSE_SECONDS):
                break

    def start(self) -> None:
        """Let threads of this process deliver mail and sweep up from now on."""
        often = (
            self._sessions.record_visits,
            self._registrations.send_reminders,
            self._audit.flush,
        )
        # A mail server may take its time, and nothing else must wait for it.
        mail, wake = (self._outbox.deliver_next,), self._outbox.queued
        for worker in (
            Worker("vestibule-mail", often=mail, wake=wake, later=LATER_SECONDS),
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
        self._closing.set()
        while self._workers:
            self._workers.pop().stop()
        with suppress(StorageUnavailable):
            self._sessions.record_visits()
            self._audit.flush()
        self._db.close()
