"""Fills a database with made-up people, as many as one likes, to measure with.

The login that opened each session is in the audit trail, whose chain holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from vestibule.auth.acts import ACCEPTED, PUBLIC_DIGITS
from vestibule.auth.chain import HEAD, START, Chain, Place
from vestibule.auth.crypto import digest, new_secret
from vestibule.auth.errors import NotEmpty
from vestibule.auth.keys import Keys
from vestibule.auth.made_up import DICE, Crowd, Draw, SessionRow, TokenRow, UserRow
from vestibule.auth.schemes import Argon2id
from vestibule.auth.tokens import RESET
from vestibule.config import Clock, Settings, clock
from vestibule.db.filling import Filling, filling
from vestibule.records import AuditEvent, AuditMark
from vestibule.user import Session, Token, User

# Rows that are in memory at once.
BATCH = 10_000
EVENT = ("id", "at", "act", "outcome", "user", "session", "origin", "request_id", "digest")
MARK = ("mark", "event_id", "digest", "seal")


@dataclass(frozen=True)
class Seed:
    """What to make."""

    accounts: int
    # Everybody's.
    password: str
    # Of how many sessions the ids are wanted, and how long from now on these count as just used: so
    # long nobody writes down that they are. Nearly every request of people at work finds that.
    drawn: int = 0
    in_use: timedelta = timedelta(0)


@dataclass(frozen=True)
class Seeding:
    """Fills the database of these settings, which is at the newest schema."""

    _settings: Settings
    _clock: Clock = clock

    def run(self, seed: Seed, done: Callable[[int], object]) -> list[str]:
        """Make all of it or nothing, and return session ids drawn at random from what was made.

        :param done: is told how many more accounts, or sessions, there are now.
        :raises NotEmpty: there are accounts or history already.
        :raises StorageUnavailable: somebody else uses the database, or it has no room.
        """
        hashed = Argon2id().hash(seed.password)
        crowd = Crowd.of(self._settings, seed.accounts, hashed, self._clock(), seed.in_use)
        with filling(self._settings.database) as tables:
            if not tables.are_empty(User, AuditEvent, AuditMark):
                raise NotEmpty("There are accounts, or there is history, already.")
            with tables.without_extras():
                drawn = self._fill(tables, crowd, seed.drawn, done)
        DICE.shuffle(drawn)
        return drawn

    def _fill(
        self, tables: Filling, crowd: Crowd, most: int, done: Callable[[int], object]
    ) -> list[str]:
        """Add all of the rows; the session ids that were drawn."""
        for numbers in _batches(crowd.size):
            tables.add(User, UserRow._fields, [crowd.user(number) for number in numbers])
            done(len(numbers))
        tables.add(Token, TokenRow._fields, list(crowd.tokens(RESET)))
        with tables.sorted(Session):
            drawn = self._add_sessions(tables, crowd, most, done)
        tables.number_on(User)
        return drawn

    def _add_sessions(
        self, tables: Filling, crowd: Crowd, most: int, done: Callable[[int], object]
    ) -> list[str]:
        """Add the sessions and their logins, in the order of time; the ids that were drawn."""
        chain = Chain(Keys.open(self._settings))
        link, head, drawn = chain.linking(), START, []
        draw = Draw(crowd.soon_over, crowd.size - crowd.soon_over, most)
        for numbers in _batches(crowd.size):
            sessions, events = [], []
            for number in numbers:
                session_id = new_secret()
                if taken := draw.takes(number):
                    drawn.append(session_id)
                session = crowd.session(number, digest(session_id), drawn=taken)
                login = _login(number, session, crowd.pseudonym(session.user_id))
                head = Place(number, link(head.digest, login))
                sessions.append(session)
                events.append((*login, head.digest))
            tables.add(Session, SessionRow._fields, sessions)
            tables.add(AuditEvent, EVENT, events)
            done(len(numbers))
        tables.add(AuditMark, MARK, [(HEAD, *head, chain.seal(HEAD, head))])
        return drawn


def _login(number: int, session: SessionRow, pseudonym: str) -> tuple[object, ...]:
    """What the trail says of the one that opened this session, as far as it goes by ``EVENT``."""
    public_id, request_id = session.digest[:PUBLIC_DIGITS], f"{DICE.getrandbits(64):016x}"
    at, origin = session.created_at, session.address
    return number, at, "login", ACCEPTED, pseudonym, public_id, origin, request_id


def _batches(count: int) -> Iterator[range]:
    """The numbers from 1 to ``count``, some at a time."""
    for first in range(1, count + 1, BATCH):
        yield range(first, min(first + BATCH, count + 1))
