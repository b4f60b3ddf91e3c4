"""The kinds of mail: who gets each, and with which token. Decided when it is sent, not when asked.

A kind is one function here and two templates in ``mails/``, ``<kind>.txt`` and ``<kind>.html``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from vestibule.auth.addresses import comparison_key
from vestibule.auth.claims import taken
from vestibule.auth.tokens import CHANGE, DISOWN, KEEP, RESET, UNDO, VERIFY
from vestibule.db import Transaction
from vestibule.records import OutboxMessage
from vestibule.user import Token


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
    # Whose account it is about, if not whose the ticket is.
    user_id: int | None = None

    @property
    def owner(self) -> int | None:
        """Whose mail it is: it goes when they go, however the address was spelled by who asked."""
        return self.ticket.user_id if self.ticket else self.user_id


REGISTERED_AGAIN = "registered_again"
CHANGE_ASKED, EMAIL_CHANGED, UNDONE = "change_asked", "email_changed", "undone"
PASSWORD_CHANGED, PASSWORD_RESET = "password_changed", "password_reset"
ACCOUNT_DELETED, LOCKED = "account_deleted", "locked"
FACTOR_ADDED, FACTOR_REMOVED, FACTOR_FAILED = "factor_added", "factor_removed", "factor_failed"
FACTORS_ENDING, FACTORS_GONE, DISOWNED = "factors_ending", "factors_gone", "disowned"
NEW_DEVICE = "new_device"
RECOVERY_CODES_MADE, RECOVERY_CODE_USED = "recovery_codes_made", "recovery_code_used"
PASSKEY_ADDED, PASSKEY_REMOVED, PASSKEY_COPIED = (
    "passkey_added",
    "passkey_removed",
    "passkey_copied",
)
PASSWORD_REMOVED = "password_removed"  # noqa: S105 - a kind of mail.
# It only looks, because it is called more than once. ``None``: nobody is to get this mail.
Kind = Callable[[Transaction, OutboxMessage], Letter | None]


def reset(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """The link that resets a password, for whoever has the address."""
    user = tx.users.with_key(comparison_key(message.recipient))
    if user is None or user.disabled_at:
        return None
    return Letter(user.email, Ticket(user.id, RESET))


def notice(tx: Transaction, message: OutboxMessage) -> Letter | None:  # noqa: ARG001 - a Kind.
    """What was done with an account, for the address that it had then."""
    return Letter(message.recipient, about=message.about or "")


def verify(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """The link that verifies an address, as long as nobody did."""
    user = tx.users.with_key(comparison_key(message.recipient))
    if user is None or user.disabled_at or user.verified_at:
        return None
    return Letter(user.email, Ticket(user.id, VERIFY))


def registered_again(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """That somebody registered an address, for whoever has it already."""
    user = tx.users.with_key(comparison_key(message.recipient))
    return Letter(user.email, user_id=user.id) if user and not user.disabled_at else None


def locked(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """That an account is shut for strange devices, for its owner if it has one by now."""
    user = tx.users.with_key(comparison_key(message.recipient))
    if user is None or user.disabled_at or user.pending:
        return None
    return Letter(user.email, user_id=user.id)


def change(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """The link that makes an address an account's, unless another account has it."""
    place = _place(tx, message, CHANGE)
    if place is None or taken(tx, place.address_key or "", message.due_at, place.user_id):
        return None
    return Letter(message.recipient, Ticket(place.user_id, CHANGE, message.recipient))


def change_asked(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """The link that keeps an account from losing its address, while it still has it."""
    return _undo(tx, message, changed=False)


def email_changed(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """The link that gives an account its earlier address back."""
    return _undo(tx, message, changed=True)


def factor_added(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """That a factor was added; of a first one, with the link that takes it and more off again."""
    place = _place(tx, message, DISOWN)
    ticket = Ticket(place.user_id, DISOWN, message.recipient) if place else None
    return Letter(message.recipient, ticket, user_id=message.user_id)


def factors_ending(tx: Transaction, message: OutboxMessage) -> Letter | None:
    """The link that keeps factors which an operator is to take away, as long as they are there."""
    place = _place(tx, message, KEEP)
    if place is None:
        return None
    ticket = Ticket(place.user_id, KEEP, message.recipient)
    return Letter(message.recipient, ticket, about=message.about or "")


def _undo(tx: Transaction, message: OutboxMessage, *, changed: bool) -> Letter | None:
    place = _place(tx, message, UNDO)
    user = tx.users.get(place.user_id) if place else None
    if user is None or (user.email != message.recipient) is not changed:
        return None
    ticket = Ticket(user.id, UNDO, message.recipient)
    return Letter(message.recipient, ticket, about=message.about or "")


def _place(tx: Transaction, message: OutboxMessage, purpose: str) -> Token | None:
    """The place that was reserved for the mail's token, if nothing removed it since."""
    # A message that was taken is due again when its lease ends: later than now.
    place = tx.tokens.of(message.user_id or 0, purpose, message.due_at)
    return place if place and place.address == message.recipient else None


KINDS: Mapping[str, Kind] = {
    RESET: reset,
    VERIFY: verify,
    REGISTERED_AGAIN: registered_again,
    LOCKED: locked,
    CHANGE: change,
    CHANGE_ASKED: change_asked,
    EMAIL_CHANGED: email_changed,
    # The same link; nobody asked for it, and there is no password that could stay.
    UNDONE: reset,
    NEW_DEVICE: notice,
    PASSWORD_CHANGED: notice,
    PASSWORD_RESET: notice,
    ACCOUNT_DELETED: notice,
    FACTOR_ADDED: factor_added,
    FACTOR_REMOVED: notice,
    PASSKEY_ADDED: factor_added,
    PASSKEY_REMOVED: notice,
    PASSKEY_COPIED: locked,
    PASSWORD_REMOVED: notice,
    FACTORS_ENDING: factors_ending,
    FACTORS_GONE: notice,
    # As of a change that was undone.
    DISOWNED: reset,
    RECOVERY_CODES_MADE: notice,
    RECOVERY_CODE_USED: notice,
    # To whom an account with this address belongs by then.
    FACTOR_FAILED: locked,
}
