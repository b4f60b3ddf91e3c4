"""What storage can say no to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

# serialization_failure and deadlock_detected: PostgreSQL asks for the whole transaction again.
CONFLICTS = frozenset({"40001", "40P01"})
FOREIGN_KEY = "23503"


class StorageUnavailable(Exception):
    """The database is locked, full or gone. Nothing was stored; it may work later."""


class Conflict(StorageUnavailable):
    """Another transaction was in the way. Nothing was stored; the same again is likely to work."""


class AlreadyExists(Exception):
    """A row with this unique value is there already. Nothing was stored."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's own failures into ``StorageUnavailable``: callers never see a driver."""
    try:
        yield
    except exc.IntegrityError as error:
        if _sqlstate(error) == FOREIGN_KEY:
            # What it refers to has just gone. Whoever tries again finds out in words.
            raise Conflict(sentence(error)) from error
        raise AlreadyExists from error
    except (exc.DBAPIError, exc.TimeoutError) as error:
        conflict = _sqlstate(error) in CONFLICTS
        raise (Conflict if conflict else StorageUnavailable)(sentence(error)) from error


def sentence(error: Exception) -> str:
    """What the driver says ("database is locked"): it names no value, parameters are hidden."""
    return str(getattr(error, "orig", error)).partition("\n")[0]


def _sqlstate(error: Exception) -> str | None:
    """PostgreSQL's code for what went wrong."""
    return getattr(getattr(error, "orig", None), "sqlstate", None)
