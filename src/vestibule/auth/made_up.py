"""Made-up people for measuring: what is stored of each, as rows, from the person's number.

All have one password. Their sessions are spread evenly over a session's lifetime, and over the
people at random: of a hundred some 37 have none, as many have one, the others two to seven. The
newest people wait for somebody to verify their address, and some others asked for a link just now.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from vestibule.auth.crypto import digest, new_secret
from vestibule.config import Settings
from vestibule.user import micros, number_of

# Chooses among made-up people: no secret is drawn with it.
DICE = random.Random()  # noqa: S311
MICROSECOND = timedelta(microseconds=1)
# The oldest account is of that age; the link in a mail is followed that soon.
YEARS, SOON = timedelta(days=3 * 365), timedelta(minutes=3)
# One person in so many waits to be verified; of the others, one in so many asked for a link.
PENDING, FORGOT = 100, 1000
# A session that is to be used in a measurement stays open that long.
OPEN = timedelta(days=1)
WINDOWS, IPHONE, ANDROID = (
    "Windows NT 10.0; Win64; x64",
    "iPhone; CPU iPhone OS 18_7 like Mac OS X",
    "Linux; Android 10; K",
)
LIKE = "AppleWebKit/537.36 (KHTML, like Gecko)"
DEVICES = (
    f"Mozilla/5.0 ({WINDOWS}) {LIKE} Chrome/142.0.0.0 Safari/537.36",
    f"Mozilla/5.0 ({IPHONE}) {LIKE} Version/26.0 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 ({ANDROID}) {LIKE} Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) Gecko/20100101 Firefox/144.0",
    "python-requests/2.32.5",
)


class UserRow(NamedTuple):
    """A row of ``users``, as it is stored."""

    id: int
    email: str
    email_key: str
    hashed_password: str
    created_at: int
    pseudonym: str
    verified_at: int | None
    pending_until: int | None


class SessionRow(NamedTuple):
    """A row of ``sessions``, as it is stored."""

    id: int
    digest: str
    user_id: int
    created_at: int
    last_seen_at: int
    expires_at: int
    user_agent: str
    address: str


class TokenRow(NamedTuple):
    """A row of ``tokens``, as it is stored."""

    digest: str
    purpose: str
    user_id: int
    expires_at: int


@dataclass(frozen=True)
class Crowd:
    """People by the numbers from 1 to ``size``, and a session for each number.

    All times are in microseconds.
    """

    size: int
    # How many need not be verified any more: those with the lowest numbers.
    verified: int
    hashed_password: str
    now: int
    lifetime: int
    idle: int
    kept: int
    reset: int
    # So long a session that was drawn counts as just used.
    in_use: int
    # What numbers become pseudonyms with.
    salt: str

    @classmethod
    def of(
        cls, settings: Settings, size: int, hashed_password: str, now: datetime, in_use: timedelta
    ) -> Crowd:
        """Those of a service with these settings."""
        return cls(
            size=size,
            verified=size - size // PENDING,
            hashed_password=hashed_password,
            now=micros(now),
            lifetime=settings.session_lifetime // MICROSECOND,
            idle=settings.session_idle // MICROSECOND,
            kept=settings.unverified_lifetime // MICROSECOND,
            reset=settings.reset_lifetime // MICROSECOND,
            in_use=in_use // MICROSECOND,
            salt=new_secret(),
        )

    @property
    def soon_over(self) -> int:
        """How many sessions end within a day: those with the lowest numbers."""
        return self.size * min(OPEN // MICROSECOND, self.lifetime // 2) // self.lifetime

    def user(self, number: int) -> UserRow:
        """The account of this number; a greater one is younger."""
        email, verified = f"user{number}@example.com", self.verified
        seen, pending = None, None
        if number <= verified:
            # Before the first of the sessions.
            age = self.lifetime + YEARS // MICROSECOND * (verified - number + 1) // verified
            seen = self.now - age + SOON // MICROSECOND
        else:
            age = self.kept * (self.size - number) // (self.size - verified)
            pending = self.now - age + self.kept
        pseudonym, created_at = self.pseudonym(number), self.now - age
        return UserRow(
            number, email, email, self.hashed_password, created_at, pseudonym, seen, pending
        )

    def pseudonym(self, number: int) -> str:
        """Of 32 hexadecimal digits. They grow with the numbers: so an index is quickly filled."""
        return f"{(number << 64) // (self.size + 1):016x}{digest(f'{self.salt}{number}')[:16]}"

    def session(self, number: int, digest: str, *, drawn: bool) -> SessionRow:
        """The session of this number, which is somebody's; a greater one is younger."""
        age = self.lifetime * (self.size - number) // self.size
        unused = -self.in_use if drawn else int(min(age, self.idle) * DICE.random())
        user_id = int(DICE.random() * self.verified) + 1
        created_at, seen = self.now - age, self.now - unused
        # RFC 5737: addresses for examples.
        device, address = DEVICES[number % len(DEVICES)], f"203.0.113.{user_id % 256}"
        return SessionRow(
            *(number_of(digest), digest, user_id, created_at, seen),
            *(created_at + self.lifetime, device, address),
        )

    def tokens(self, purpose: str) -> Iterator[TokenRow]:
        """The links that are on their way."""
        for number in range(FORGOT, self.verified + 1, FORGOT):
            ends = self.now + self.reset * (number % 29 + 1) // 30
            yield TokenRow(digest(new_secret()), purpose, number, ends)


@dataclass
class Draw:
    """Takes some of what comes by, each as likely as the others (Knuth's selection sampling)."""

    # How many come first that are not to be taken; among how many others; how many of them.
    before: int
    left: int
    wanted: int

    def takes(self, number: int) -> bool:
        """Whether it takes the one with this number; they come in their order, from 1 on."""
        if number <= self.before:
            return False
        taken = DICE.random() * self.left < self.wanted
        self.left -= 1
        self.wanted -= taken
        return taken
