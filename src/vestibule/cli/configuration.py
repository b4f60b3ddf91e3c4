"""``vestibule config``."""

from __future__ import annotations

from datetime import timedelta

import click
from pydantic import SecretStr

from vestibule import config
from vestibule.cli import options
from vestibule.config import PREFIX, Settings

# Settings whose value, if none is set, follows from others: the property that tells what counts.
IN_FORCE = {
    "require_verified": "must_verify",
    "conceal_accounts": "concealed",
    "public_url": "origin",
}


@click.group("config")
def configuration() -> None:
    """See the settings."""


@configuration.command()
@options.data
def show(data: str | None) -> None:
    """Show every setting, its value here, and what it means. Secrets stay hidden."""
    settings = config.load(data=data)
    rows = [("setting", "value", "meaning")]
    for name, field in Settings.model_fields.items():
        value = _in_words(getattr(settings, IN_FORCE.get(name, name)))
        rows.append((f"{PREFIX}{name.upper()}", value, field.description or ""))
    options.columns(rows)


def _in_words(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(hidden)"
    if isinstance(value, timedelta):
        whole = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
        fits = (f"{value // one}{unit}" for unit, one in whole.items() if not value % one)
        return next(fits, f"{int(value.total_seconds())}s")
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else str(value)
