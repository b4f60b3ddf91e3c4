"""``vestibule keys``."""

from __future__ import annotations

import click

from vestibule import config, migrations
from vestibule.auth.keys import Keys
from vestibule.cli import options
from vestibule.cli.desk import front_desk


@click.group()
def keys() -> None:
    """See and rotate the secret keys. The keys themselves are shown to nobody."""


@keys.command("list")
@options.data
def list_(data: str | None) -> None:
    """List the keys by their fingerprints, newest first."""
    rows = [("key", "use")]
    for fingerprint in _keys(data).fingerprints():
        rows.append((fingerprint, "reads" if len(rows) > 1 else "signs, seals and reads"))
    options.columns(rows)


@keys.command()
@options.data
def rotate(data: str | None) -> None:
    """Add a new key. The old ones still read what they made; nobody is logged out."""
    kept = _keys(data)
    kept.rotate()
    new, *old = kept.fingerprints()
    click.echo(f"new key {new}; still read: {', '.join(old)}")
    click.echo(f"{kept.file.path if kept.file else ''} belongs in the backup; copy it anew")
    click.echo("running workers use it from now on; other nodes need the same file")
    _record(data)


def _record(data: str | None) -> None:
    """Tell the audit trail; before the first run there is none."""
    if migrations.current(config.load(data=data).database) == migrations.head():
        with front_desk(data).audit.recording("keys.rotate") as act:
            act.allow()


def _keys(data: str | None) -> Keys:
    settings = config.load(data=data)
    config.prepare_data(settings)
    return Keys.open(settings)
