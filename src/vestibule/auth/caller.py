"""Who asks, as far as the audit trail wants to know: from where, and in which request."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

# Set for each request by whoever answers it.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class Caller(NamedTuple):
    """Where an act came from: an address or a network, ``console``, or nowhere from outside."""

    origin: str | None = None
    request_id: str | None = None


def nobody() -> Caller:
    """Nobody: the service itself acts."""
    return Caller()


def console() -> Caller:
    """An operator, at the command line."""
    return Caller("console")
