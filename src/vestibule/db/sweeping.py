"""What is over and to be removed: looked for without the write lock, removed some at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from vestibule.db.statements import Statement
from vestibule.db.work import Work


@dataclass(slots=True)
class Over:
    """The rows of one table that are over, inside one transaction."""

    _work: Work
    # The column that names a row.
    _key: InstrumentedAttribute[Any]
    _condition: ColumnElement[bool]

    def there(self) -> bool:
        """Whether there is one."""
        return bool(self._work.value(Statement(select(exists().where(self._condition)))))

    def remove(self, most: int) -> int:
        """Remove up to ``most``, and say how many."""
        # What another process sweeps, or somebody changes or ends in this moment, is theirs.
        found = select(self._key).where(self._condition).limit(most)
        free = Statement(found.with_for_update(skip_locked=True))
        keys = [key for (key,) in self._work.all(free)]
        self._work.run(Statement(delete(self._key.class_).where(self._key.in_(keys))))
        return len(keys)
