"""``vestibule mail``."""

from __future__ import annotations

from email import message_from_bytes, policy

import click

from vestibule import config, migrations
from vestibule.auth import Auth
from vestibule.cli import options
from vestibule.cli.refusals import CannotStart
from vestibule.config import BadSetting
from vestibule.records import OutboxMessage


@click.group()
def mail() -> None:
    """See the mail that the service wrote."""


@mail.command("list")
@options.data
def list_(data: str | None) -> None:
    """List the newest mails, newest first."""
    rows = [("id", "queued at", "for", "what", "attempts", "state", "file")]
    options.columns(rows + [_row(message) for message in _auth(data).outbox.latest()])


@mail.command()
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@options.data
def show(number: int, data: str | None) -> None:
    """Show the mail with this number."""
    text = _auth(data).outbox.read(number)
    if text is None:
        raise CannotStart(f"There is no mail {number} that was written; see `vestibule mail list`.")
    message = message_from_bytes(text, policy=policy.default)
    for name in ("From", "To", "Date", "Subject"):
        click.echo(f"{name}: {message[name]}")
    body = message.get_body(("plain",))
    click.echo(f"\n{body.get_content() if body else ''}", nl=False)


def _row(message: OutboxMessage) -> tuple[str, ...]:
    outcome = message.outcome or ""
    written = outcome.endswith(".eml")
    if message.done_at is None:
        state = f"waiting: {outcome}" if outcome else "waiting"
    else:
        state = "written" if written else outcome
    cells = (
        message.id,
        f"{message.created_at:%Y-%m-%d %H:%M:%S}",
        message.recipient,
        message.template,
        message.attempts,
        state,
        outcome if written else "",
    )
    return tuple(map(str, cells))


def _auth(data: str | None) -> Auth:
    settings = config.load(data=data)
    if migrations.current(settings.database) is None:
        raise BadSetting(
            f"data ({config.PREFIX}DATA): there is no database at {settings.database}."
        )
    return Auth.open(settings)
