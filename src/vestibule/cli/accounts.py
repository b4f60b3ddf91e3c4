"""``vestibule accounts``."""

from __future__ import annotations

from datetime import datetime

import click

from vestibule.auth.errors import UnknownEmail, UnknownFactor
from vestibule.auth.operators import Entry, Operators
from vestibule.cli import options
from vestibule.cli.desk import front_desk
from vestibule.cli.refusals import CannotStart


@click.group()
def accounts() -> None:
    """See people's accounts, shut, open, mark and delete them, and log people out."""


@accounts.command("list")
@options.data
def list_(data: str | None) -> None:
    """List every account, the oldest first."""
    rows = [("address", "registered at", "verified at", "factors", "state")]
    options.columns(rows + [_row(entry) for entry in _operators(data).entries()])


@accounts.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.data
def delete(address: str, yes: bool, data: str | None) -> None:
    """Delete an account, with everything that is stored about it."""
    if not yes:
        click.confirm(f"Delete the account of {address} for good?", abort=True)
    try:
        _operators(data).remove(address)
    except UnknownEmail as error:
        raise CannotStart(str(error)) from error
    click.echo("deleted")


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


@accounts.command()
@click.argument("address")
@options.data
def unlock(address: str, data: str | None) -> None:
    """Let devices that an account does not know log in again, after too many failures."""
    try:
        _operators(data).unlock(address)
    except UnknownEmail as error:
        raise CannotStart(str(error)) from error
    click.echo("unlocked")


@accounts.command()
@click.argument("address")
@click.option("--revoke", is_flag=True, help="Not any more.")
@options.data
def administrator(address: str, revoke: bool, data: str | None) -> None:
    """Mark an account as an administrator's, and end its sessions."""
    operators = _operators(data)
    try:
        if revoke:
            operators.dismiss(address)
        else:
            operators.appoint(address)
    except UnknownEmail as error:
        raise CannotStart(str(error)) from error
    click.echo("no administrator" if revoke else "administrator, and logged out everywhere")


@accounts.command("drop-factors")
@click.argument("address")
@click.option("--cancel", is_flag=True, help="Leave them after all.")
@options.data
def drop_factors(address: str, cancel: bool, data: str | None) -> None:
    """Take the factors of who lost them away, after a waiting time; a mail tells the owner.

    Make sure first that it is the owner who asks.
    """
    ways_back = front_desk(data).factors.ways_back
    try:
        if cancel:
            ways_back.cancel(address)
            click.echo("the factors stay")
        else:
            click.echo(f"the factors end at {_time(ways_back.begin(address))} UTC")
    except UnknownEmail as error:
        raise CannotStart(str(error)) from error
    except UnknownFactor as error:
        raise CannotStart("This account has no second factor.") from error


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


def _row(entry: Entry) -> tuple[str, ...]:
    state = "not verified yet" if entry.pending else "open"
    if entry.disabled_at:
        state = f"disabled at {_time(entry.disabled_at)}"
    if entry.administrator:
        state += ", administrator"
    factors = " ".join(entry.factors) or "-"
    if entry.factors_end_at:
        factors += f" until {_time(entry.factors_end_at)}"
    return (entry.email, _time(entry.created_at), _time(entry.verified_at), factors, state)


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "-"


def _operators(data: str | None) -> Operators:
    return front_desk(data).operators
