"""``vestibule mail``."""

from __future__ import annotations

from email import message_from_string, policy

import click
from rich.console import Console
from rich.table import Table

from vestibule import config
from vestibule.auth import Auth
from vestibule.cli.refusals import CannotStart
from vestibule.config import BadSetting


@click.group()
def mail() -> None:
    """See the mail that the service wrote."""


@mail.command("list")
def list_() -> None:
    """List the newest mails, newest first."""
    table = Table("id", "queued at", "for", "what", "attempts", "state", box=None, pad_edge=False)
    for message in _auth().outbox.latest():
        state = message.outcome or "waiting"
        if message.done_at is None and message.outcome:
            state = f"waiting, {message.outcome}"
        row = (message.id, f"{message.created_at:%Y-%m-%d %H:%M:%S}", message.recipient)
        table.add_row(*map(str, (*row, message.template, message.attempts, state)))
    Console().print(table)


@mail.command()
@click.argument("number", type=int)
def show(number: int) -> None:
    """Show the mail with this number."""
    text = _auth().outbox.read(number)
    if text is None:
        raise CannotStart(f"There is no mail {number} that was written; see `vestibule mail list`.")
    message = message_from_string(text, policy=policy.default)
    for name in ("From", "To", "Date", "Subject"):
        click.echo(f"{name}: {message[name]}")
    body = message.get_body(("plain",))
    click.echo()
    click.echo(body.get_content() if body else "")


def _auth() -> Auth:
    settings = config.load()
    if not settings.database.exists():
        raise BadSetting(f"data ({config.PREFIX}DATA): there is no database in {settings.data}.")
    return Auth.open(settings)
