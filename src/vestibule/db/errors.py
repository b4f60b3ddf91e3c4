"""What storage can say no to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
def translated(driver: Any) -> Iterator[None]:
    """Turn the database's own failures into ``StorageUnavailable``: callers never see a driver.

    :param driver: the module whose errors these are (PEP 249), bare or wrapped by SQLAlchemy.
    """
    try:
        yield
    except (driver.Error, exc.DBAPIError, exc.TimeoutError) as error:
        raise _named(error, driver) from error


def _named(error: Exception, driver: Any) -> Exception:
    own = getattr(error, "orig", error)
    # PostgreSQL's code for what went wrong.
    code = getattr(own, "sqlstate", None)
    if isinstance(own, driver.IntegrityError):
        # What it refers to has just gone: whoever tries again finds out in words.
        return Conflict(sentence(error)) if code == FOREIGN_KEY else AlreadyExists()
    return (Conflict if code in CONFLICTS else StorageUnavailable)(sentence(error))


def sentence(error: Exception) -> str:
    """What the driver says ("database is locked"): it names no value, parameters are hidden."""
    return str(getattr(error, "orig", error)).partition("\n")[0]
