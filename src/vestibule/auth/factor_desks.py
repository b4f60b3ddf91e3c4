"""The desks of second factors, put together."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.auth.attempts import Attempts
from vestibule.auth.ceremonies import Ceremonies
from vestibule.auth.enrolments import Enrolments
from vestibule.auth.entrance import Entrance
from vestibule.auth.keys import Keys
from vestibule.auth.known_devices import KnownDevices
from vestibule.auth.outbox import Outbox
from vestibule.auth.own_passkeys import OwnPasskeys
from vestibule.auth.owners import Owners
from vestibule.auth.passkey_logins import PasskeyLogins
from vestibule.auth.passkeys import Passkeys
from vestibule.auth.second_steps import SecondSteps
from vestibule.auth.sessions import Sessions
from vestibule.auth.tokens import Tokens
from vestibule.auth.totp import Totp
from vestibule.auth.ways_back import WaysBack
from vestibule.config import Settings
from vestibule.db import DB


@dataclass(frozen=True)
class FactorDesks:
    """What is asked for besides a password: owed, shown, added, taken away."""

    entrance: Entrance
    steps: SecondSteps
    enrolments: Enrolments
    ceremonies: Ceremonies
    passkeys: OwnPasskeys
    passkey_logins: PasskeyLogins
    ways_back: WaysBack

    @classmethod
    def of(
        cls,
        settings: Settings,
        keys: Keys,
        db: DB,
        sessions: Sessions,
        owners: Owners,
        attempts: Attempts,
        tokens: Tokens,
        outbox: Outbox,
    ) -> FactorDesks:
        """The desks of the service that ``settings`` describe."""
        audit, clock = sessions.audit, sessions.clock
        totp = Totp.of(settings, clock, keys)
        entrance = Entrance(
            *(db, clock, sessions, KnownDevices(db, clock, keys), outbox),
            *(settings.factors, settings.classic),
        )
        enrolments = Enrolments(db, audit, sessions, entrance, attempts, tokens, outbox, totp)
        ceremonies, passkeys = Ceremonies(db, clock, keys), Passkeys.of(settings)
        return cls(
            entrance,
            SecondSteps(db, audit, entrance, owners, attempts, outbox, totp),
            enrolments,
            ceremonies,
            OwnPasskeys(db, clock, audit, sessions, enrolments, ceremonies, passkeys),
            PasskeyLogins(
                *(db, clock, audit, sessions, entrance, attempts, outbox, ceremonies, passkeys),
                settings.must_verify,
            ),
            WaysBack(db, clock, audit, entrance, tokens, outbox, settings.factors_wait),
        )

    def sweep(self, most: int) -> bool:
        """Remove up to ``most`` of what is over: logins, challenges, factors that were to end.

        :returns: whether there may be more.
        """
        more = [desk.sweep(most) for desk in (self.entrance, self.ceremonies, self.ways_back)]
        return any(more)
