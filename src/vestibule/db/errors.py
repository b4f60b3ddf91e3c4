"""What storage can say no to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc


class StorageUnavailable(Exception):
    """The database is locked, full or gone. Nothing was stored; it may work later."""


class AlreadyExists(Exception):
    """A row with this unique value is there already. Nothing was stored."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's own failures into ``StorageUnavailable``: callers never see a driver."""
    try:
        yield
    except exc.IntegrityError as error:
        raise AlreadyExists from error
    except (exc.DBAPIError, exc.TimeoutError) as error:
        # The driver's sentence ("database is locked") names no value: parameters are hidden.
        raise StorageUnavailable(str(getattr(error, "orig", error))) from error
