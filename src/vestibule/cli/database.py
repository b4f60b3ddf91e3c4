"""``vestibule db``."""

from __future__ import annotations

from pathlib import Path

import click

from vestibule import config, migrations
from vestibule.cli import options


@click.group("db")
def database() -> None:
    """Look after the database's schema."""


@database.command()
@options.data
def upgrade(data: str | None) -> None:
    """Bring the database to the newest schema, with a backup first."""
    settings = config.load(data=data)
    config.prepare_data(settings)
    done = migrations.upgrade(settings.database, config.clock())
    if done.before == done.after:
        click.echo(f"{done.after} already")
    else:
        click.echo(f"{done.before or 'nothing'} -> {done.after}")
    if done.backup:
        click.echo(f"backup: {done.backup}")


@database.command()
@options.data
def current(data: str | None) -> None:
    """Tell which schema the database is at, and which this version needs."""
    at, head = migrations.current(config.load(data=data).database), migrations.head()
    click.echo(f"{at or 'no database'}{' (newest)' if at == head else f', newest is {head}'}")


@database.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.data
def backup(file: Path, data: str | None) -> None:
    """Write a complete copy of the database to FILE, while the service runs or not."""
    migrations.copy(config.load(data=data).database, file)
    click.echo(f"{file} ({file.stat().st_size} bytes)")
