"""``vestibule accounts``."""

from __future__ import annotations

import click

from vestibule.auth.errors import UnknownEmail
from vestibule.auth.operators import Operators
from vestibule.cli import options
from vestibule.cli.desk import front_desk
from vestibule.cli.refusals import CannotStart


@click.group()
def accounts() -> None:
    """Shut people's accounts, and log people out."""


@accounts.command()
@click.argument("address")
@options.data
def disable(address: str, data: str | None) -> None:
    """Shut an account: its sessions and links end at once, and nobody logs in to it."""
    try:
        _operators(data).disable(address)
    except UnknownEmail as error:
        raise CannotStart(str(error)) from error
    click.echo("disabled, and logged out everywhere")


@accounts.command()
@click.argument("address")
@options.data
def enable(address: str, data: str | None) -> None:
    """Open a shut account again, to the password that it had."""
    try:
        _operators(data).enable(address)
    except UnknownEmail as error:
        raise CannotStart(str(error)) from error
    click.echo("enabled")


@accounts.command("log-out")
@click.argument("address", required=False)
@click.option("--everybody", is_flag=True, help="Of all accounts.")
@options.data
def log_out(address: str | None, everybody: bool, data: str | None) -> None:
    """End every session of an account."""
    if (address is None) != everybody:
        raise CannotStart("Say one address, or --everybody.")
    try:
        if address is None:
            _operators(data).log_out_everybody()
        else:
            _operators(data).log_out(address)
    except UnknownEmail as error:
        raise CannotStart(str(error)) from error
    click.echo("logged out everywhere")


def _operators(data: str | None) -> Operators:
    return front_desk(data).operators
