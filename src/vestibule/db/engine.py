"""What it is to have opened a database, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

WRITE, ALONE = "vestibule_write", "vestibule_alone"


@dataclass(frozen=True)
class Opened:
    """A database that was opened; nothing is connected until it is used."""

    # For transactions.
    engine: Engine
    # For session checks, where each thread keeps a connection, and each statement stands alone.
    checks: Engine
    # Whether the connection that remembers this (its ``info``) leads to what is there now.
    is_current: Callable[[Any], bool]
    # Whether this error means that the driver's connection had been lost before it was used.
    was_lost: Callable[[Exception, Any], bool]

    # Around a transaction that may write: where there is one writer at a time, the wait for it.
    turn: Callable[[], AbstractContextManager[None]] = nullcontext

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
        self.checks.dispose()


def writing(engine: Engine) -> Engine:
    """The same engine, whose transactions may write."""
    return engine.execution_options(**{WRITE: True})


def alone(engine: Engine) -> Engine:
    """The same engine, for a statement that needs no transaction around it."""
    return engine.execution_options(**{ALONE: True})


def is_alone(connection: Any) -> bool:
    """Whether this connection of SQLAlchemy's is of an engine for one statement."""
    return bool(connection.get_execution_options().get(ALONE, False))


def may_write(connection: Any) -> bool:
    """Whether this connection of SQLAlchemy's is of an engine for ``writing``."""
    return bool(connection.get_execution_options().get(WRITE, False))
