"""Whether an address is somebody's."""

from __future__ import annotations

from datetime import datetime

from vestibule.auth.tokens import UNDO
from vestibule.db import Transaction


def taken(tx: Transaction, email_key: str, now: datetime, but_for: int | None = None) -> bool:
    """Whether the address is somebody else's than the user's with the number ``but_for``.

    It is not while nobody showed to read its mail: whoever does first has it. It still is while
    its last owner can go back to it.
    """
    holder = tx.users.with_key(email_key)
    if holder is not None:
        return holder.id != but_for and not holder.pending
    return tx.tokens.leads_to(email_key, UNDO, now)
