"""The chain that makes a trail of rows tamper-evident.

Each row's digest is an HMAC of all its fields and of the digest before it. Without the secret key
nobody can make one, so whoever writes to the database alone cannot change a row, remove one, put
one between or put them in another order, and then compute the rest anew. Two sealed marks say
where the chain begins and ends: without them, rows could be cut off at either end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vestibule.auth.keys import Keys
from vestibule.records import AuditEvent, AuditMark
from vestibule.user import micros

HEAD, TAIL = "head", "tail"
# Recorded where the mark of the newest row was missing or forged: rows before may have been cut.
LOST_HEAD = "audit.head"


class Place(NamedTuple):
    """A row's number and digest; the first row comes after number 0."""

    number: int
    digest: str


START = Place(0, "")


@dataclass(frozen=True)
class Verdict:
    """How many rows hold together, up to which; ``fault`` says in which way the next does not."""

    count: int
    head: Place
    fault: str | None = None


@dataclass(frozen=True)
class Chain:
    """Links rows and seals marks, with the service's keys."""

    _keys: Keys

    def link(self, previous: str, row: AuditEvent) -> str:
        """The digest of ``row``, that comes after the one with the digest ``previous``."""
        return self._keys.mac("audit", _encoded(previous, row))

    def linking(self) -> Callable[[str, Sequence[object]], str]:
        """What links many rows that are given as they are stored, from the number on."""
        mac = self._keys.macs("audit")
        return lambda previous, stored: mac(json.dumps([previous, *stored]))

    def seal(self, name: str, place: Place) -> str:
        """The seal of a mark, which only its name and place have."""
        return self._keys.mac("audit mark", json.dumps([name, *place]))

    def place(self, mark: AuditMark | None) -> Place | None:
        """Where this mark is, or ``None`` if it is none of ours."""
        if mark is None:
            return None
        place = Place(mark.event_id, mark.digest)
        genuine = self._keys.made("audit mark", json.dumps([mark.mark, *place]), mark.seal)
        return place if genuine else None

    def examine(
        self,
        rows: Iterable[AuditEvent],
        tail: AuditMark | None,
        head: AuditMark | None,
        known: Place | None = None,
    ) -> Verdict:
        """Follow the rows, oldest first, from the mark of the last that was swept to the newest.

        :param known: a row that must be among them, unless it was swept.
        """
        begins = self.place(tail) if tail else START
        if begins is None:
            return Verdict(0, START, "The mark of the old end is forged, or its key is not here.")
        count, at = 0, begins
        for row in rows:
            fault = self._fault(at, row) or _unlike(known, row)
            if fault:
                return Verdict(count, at, fault)
            count, at = count + 1, Place(row.id, row.digest)
        return Verdict(count, at, self._unfinished(at, head, known))

    def _unfinished(self, at: Place, head: AuditMark | None, known: Place | None) -> str | None:
        """What is wrong if the last row is ``at``."""
        ends = self.place(head) if head else START
        if ends is None:
            return "The mark of the newest row is forged, or its key is not here."
        last = max(ends.number, known.number if known else 0)
        if last > at.number:
            return f"Row {at.number + 1} is missing, and all after it up to {last}."
        return None if ends == at else f"Row {at.number} is not the newest that was written."

    def _fault(self, at: Place, row: AuditEvent) -> str | None:
        if row.id != at.number + 1:
            return f"Row {at.number + 1} is missing."
        if not self._keys.made("audit", _encoded(at.digest, row), row.digest):
            return f"Row {row.id} was changed, or the key that it was made with is not here."
        if row.act == LOST_HEAD:
            return f"Before row {row.id} the mark of the newest row was missing or forged."
        return None


def _unlike(known: Place | None, row: AuditEvent) -> str | None:
    if known and known.number == row.id and known.digest != row.digest:
        return f"Row {row.id} is not the one that was seen before."
    return None


def _encoded(previous: str, row: AuditEvent) -> str:
    """All of a row in one way only: JSON tells null from an empty text, and where each ends."""
    return json.dumps(
        [
            previous,
            row.id,
            micros(row.at),
            row.act,
            row.outcome,
            row.user,
            row.session,
            row.origin,
            row.request_id,
        ]
    )
