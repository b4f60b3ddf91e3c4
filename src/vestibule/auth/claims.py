"""Whether an address is somebody's."""

from __future__ import annotations

from datetime import datetime

from vestibule.auth.addresses import comparison_key
from vestibule.auth.tokens import DISOWN, UNDO
from vestibule.db import Transaction
from vestibule.user import User


def taken(tx: Transaction, email_key: str, now: datetime, but_for: int | None = None) -> bool:
    """Whether the address is somebody else's than the user's with the number ``but_for``.

    It is not while nobody showed to read its mail: whoever does first has it. It still is while
    its last owner can go back to it.
    """
    holder = tx.users.with_key(email_key)
    if holder is not None:
        return holder.id != but_for and not holder.pending
    return reserved(tx, email_key, now)


def reserved(tx: Transaction, email_key: str, now: datetime) -> bool:
    """Whether somebody whose address it was can go back to it."""
    return tx.tokens.leads_to(email_key, UNDO, DISOWN, now)


def give(tx: Transaction, user: User, email: str, now: datetime) -> None:
    """Make the address the user's, who showed to read its mail.

    :raises AlreadyExists: it has another account.
    """
    key = comparison_key(email)
    other = tx.users.with_key(key)
    if other is not None and other.id != user.id and other.pending:
        tx.users.remove(other.id)
    tx.users.change(user, email=email, email_key=key, verified_at=now, pending_until=None)
