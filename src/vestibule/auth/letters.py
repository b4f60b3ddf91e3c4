"""The kinds of mail: who gets each, and with which token. Decided when it is sent, not when asked.

A kind is one function here and two templates in ``mails/``, ``<kind>.txt`` and ``<kind>.html``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from vestibule.auth.addresses import comparison_key
from vestibule.auth.tokens import RESET
from vestibule.db import Transaction
from vestibule.records import OutboxMessage


class Ticket(NamedTuple):
    """A token that a mail carries; it is made when the mail is, in place of an earlier one."""

    user_id: int
    purpose: str
    # The address that it is about, if it is.
    address: str | None = None


@dataclass(frozen=True)
class Letter:
    """A mail that somebody is to get. It goes to an address that is stored, never one typed."""

    recipient: str
    ticket: Ticket | None = None
    # The other address that the mail speaks of.
    about: str = ""


PASSWORD_CHANGED, ACCOUNT_DELETED = "password_changed", "account_deleted"
# It only looks, because it is called more than once. ``None``: nobody is to get this mail.
Kind = Callable[[Transaction, OutboxMessage], Letter | None]


def reset(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """The link that resets a password, for whoever has the address."""
    user = tx.users.with_key(comparison_key(message.recipient))
    return Letter(user.email, Ticket(user.id, RESET)) if user else None


def notice(tx: Transaction, message: OutboxMessage) -> Letter | None:  # noqa: ARG001 - a Kind.
    """What was done with an account, for the address that it had then."""
    return Letter(message.recipient, about=message.about or "")


KINDS: Mapping[str, Kind] = {RESET: reset, PASSWORD_CHANGED: notice, ACCOUNT_DELETED: notice}
