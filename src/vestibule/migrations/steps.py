"""Takes the steps with Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event

from vestibule.db.engine import open_engine


def run(database: Path) -> None:
    """Take every step that the SQLite file ``database`` has not taken, all of them or none."""
    config = Config()
    config.set_main_option("script_location", "vestibule:migrations")
    engine = open_engine(database)
    event.listen(engine, "connect", _let_tables_be_copied)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _require_whole(connection)
    finally:
        engine.dispose()


def _let_tables_be_copied(connection: Any, _: object) -> None:
    """SQLite changes a column by copying its table and dropping the old one.

    With foreign keys on, the drop would take along every row that refers to it.
    """
    connection.cursor().execute("PRAGMA foreign_keys = OFF")


def _require_whole(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise RuntimeError("a step of the schema left rows that refer to nothing")
