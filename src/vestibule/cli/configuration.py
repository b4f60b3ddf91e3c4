"""``vestibule config``."""

from __future__ import annotations

import click
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from vestibule import config
from vestibule.config import PREFIX, Settings


@click.group("config")
def configuration() -> None:
    """See the settings."""


@configuration.command()
def show() -> None:
    """Show every setting, its value here, and what it means. Secrets stay hidden."""
    settings = config.load()
    table = Table("setting", "value", "meaning", box=None, pad_edge=False)
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = "(hidden)" if isinstance(value, SecretStr) else "-" if value is None else str(value)
        table.add_row(f"{PREFIX}{name.upper()}", shown, field.description)
    Console().print(table)
