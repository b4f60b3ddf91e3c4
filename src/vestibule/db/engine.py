"""What it is to have opened a database, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import InvalidRequestError

from vestibule.db.errors import StorageUnavailable


@dataclass(frozen=True)
class Opened:
    """A database that was opened; nothing is connected until it is used."""

    # Whose connections transactions are made on.
    engine: Engine
    # For session checks, where each thread keeps a connection, and each statement stands alone.
    checks: Engine
    # Begin a transaction on the driver's connection: one that may write and lasts; one that may
    # write, and that a power cut may undo; and one that only reads.
    begin_lasting: Callable[[Any], object]
    begin_passing: Callable[[Any], object]
    begin_reading: Callable[[Any], object]
    # Whether the connection that remembers this (its ``info``) leads to what is there now.
    is_current: Callable[[Any], bool]
    # Whether this error means that the driver's connection had been lost before it was used.
    was_lost: Callable[[Exception, Any], bool]
    # A cursor of the driver's connection, for an answer that does not fit into the memory.
    long: Callable[[Any], Any]
    # Around a transaction that may write: where there is one writer at a time, the wait for it.
    turn: Callable[[], AbstractContextManager[None]] = nullcontext

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
        self.checks.dispose()


def connected(engine: Engine) -> PoolProxiedConnection:
    """A connection of the engine's pool.

    :raises StorageUnavailable: one after the other was gone before it could be used.
    """
    try:
        return engine.raw_connection()
    except InvalidRequestError as error:
        raise StorageUnavailable("every connection is closed at once") from error
