"""What two databases say in different words."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def upsert(work: Session, table: Any) -> postgresql.Insert:
    """An ``INSERT`` that can be told what to do ``ON CONFLICT``; both databases know it."""
    if work.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    # The same words, of another class.
    return sqlite.insert(table)  # type: ignore[return-value]
