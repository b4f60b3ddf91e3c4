"""Options that several commands share, and columns that no terminal cuts."""

from __future__ import annotations

from collections.abc import Sequence

import click

data = click.option("--data", help="Directory for all that is stored.  [default: vestibule-data]")


def columns(rows: Sequence[Sequence[str]]) -> None:
    """Print ``rows``, the first of them headings, in columns as wide as they need to be."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
