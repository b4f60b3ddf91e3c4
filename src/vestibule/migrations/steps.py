"""Takes the steps with Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def take(connection: Connection) -> None:
    """Take every step that the database has not taken, in the transaction that is open."""
    command.upgrade(over(connection), "head")


def over(connection: Connection) -> Config:
    """What a command of Alembic's is given to run over it, in the transaction that is open."""
    config = Config()
    config.set_main_option("script_location", "vestibule:migrations")
    config.attributes["connection"] = connection
    return config
