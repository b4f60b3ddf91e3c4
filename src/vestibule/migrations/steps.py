"""Takes the steps with Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from vestibule.db.engine import open_engine


def run(database: Path) -> None:
    """Take every step that the SQLite file ``database`` has not taken, all of them or none."""
    config = Config()
    config.set_main_option("script_location", "vestibule:migrations")
    engine = open_engine(database)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
