"""What is over and to be removed: looked for without the write lock, removed some at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session


@dataclass(frozen=True)
class Over:
    """The rows of one table that are over, inside one transaction."""

    _work: Session
    # The column that names a row.
    _key: InstrumentedAttribute[Any]
    _condition: ColumnElement[bool]

    def there(self) -> bool:
        """Whether there is one."""
        return bool(self._work.scalar(select(exists().where(self._condition))))

    def remove(self, most: int) -> int:
        """Remove up to ``most``, and say how many."""
        # What another process sweeps, or somebody changes or ends in this moment, is theirs.
        found = select(self._key).where(self._condition).limit(most)
        keys = self._work.scalars(found.with_for_update(skip_locked=True)).all()
        self._work.execute(delete(self._key.class_).where(self._key.in_(keys)))
        return len(keys)
