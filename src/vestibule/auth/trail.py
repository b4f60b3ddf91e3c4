"""The audit trail, as an operator sees it: whether it holds, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from vestibule.auth.addresses import comparison_key
from vestibule.auth.chain import HEAD, TAIL, Chain, Place, Verdict
from vestibule.auth.errors import UnknownEmail
from vestibule.db import DB
from vestibule.records import AuditEvent


@dataclass(frozen=True)
class Trail:
    """All rows, whoever they are about."""

    _db: DB
    _chain: Chain

    def verify(self, known: Place | None = None) -> Verdict:
        """Whether the chain is whole, from the rows that were swept to the newest.

        :param known: a row that was seen before, in the log for example: it must still be there.
        """
        with self._db.read() as tx:
            tail, head = tx.audit.mark(TAIL), tx.audit.mark(HEAD)
            return self._chain.examine(tx.audit.all(), tail, head, known)

    def newest(self, most: int) -> list[AuditEvent]:
        """The newest rows, oldest of them first."""
        with self._db.read() as tx:
            return tx.audit.newest(most)[::-1]

    def export(
        self,
        *,
        user: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditEvent]:
        """The rows, oldest first.

        :param user: an address, or the pseudonym of somebody whose account may be gone.
        :raises UnknownEmail: nobody has this address.
        """
        with self._db.read() as tx:
            if user is not None and "@" in user:
                pseudonym = tx.audit.pseudonym(email_key=comparison_key(user))
                if pseudonym is None:
                    raise UnknownEmail(f"Nobody has the address {user}.")
                user = pseudonym
            yield from tx.audit.all(user=user, since=since, until=until)
