"""The desks of second factors, put together."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.auth.attempts import Attempts
from vestibule.auth.enrolments import Enrolments
from vestibule.auth.entrance import Entrance
from vestibule.auth.keys import Keys
from vestibule.auth.outbox import Outbox
from vestibule.auth.owners import Owners
from vestibule.auth.second_steps import SecondSteps
from vestibule.auth.sessions import Sessions
from vestibule.auth.totp import Totp
from vestibule.config import Clock, Settings
from vestibule.db import DB


@dataclass(frozen=True)
class FactorDesks:
    """What is asked for besides a password: owed, shown, added, taken away."""

    entrance: Entrance
    steps: SecondSteps
    enrolments: Enrolments

    @classmethod
    def of(
        cls,
        settings: Settings,
        clock: Clock,
        keys: Keys,
        db: DB,
        sessions: Sessions,
        owners: Owners,
        attempts: Attempts,
        outbox: Outbox,
    ) -> FactorDesks:
        """The desks of the service that ``settings`` describe."""
        audit, totp = sessions.audit, Totp.of(settings, clock, keys)
        entrance = Entrance(db, clock, sessions, settings.factors, settings.classic)
        return cls(
            entrance,
            SecondSteps(db, audit, entrance, owners, attempts, outbox, totp),
            Enrolments(db, audit, sessions, entrance, attempts, outbox, totp),
        )

    def sweep(self, most: int) -> bool:
        """Remove up to ``most`` logins that are over, and say whether there may be more."""
        return self.entrance.sweep(most)
