"""``vestibule mail``."""

from __future__ import annotations

from email import message_from_bytes, policy

import click

from vestibule import config
from vestibule.auth.carriers import send_test
from vestibule.auth.errors import NotSent, Refusal
from vestibule.cli import options
from vestibule.cli.desk import front_desk
from vestibule.cli.refusals import CannotStart
from vestibule.config import PREFIX, BadSetting
from vestibule.records import OutboxMessage

# What to look at when this step of the conversation fails.
ADVICE = {
    "connect": "Are host and port right in {0}SMTP_URL, and smtps or smtp as the server has it?",
    "certificate": "Is the host in {0}SMTP_URL the name in the certificate? What vouches for it, "
    "if the system does not know that, is named by {0}SMTP_CA.",
    "greet": "Is it a mail server that {0}SMTP_URL names?",
    "starttls": "A server that encrypts from the first byte is smtps:// in {0}SMTP_URL; one that "
    "cannot encrypt takes ?starttls=never and no password.",
    "login": "Are user and password right in {0}SMTP_URL?",
    "sender": "May this user send mail from {0}MAIL_FROM?",
    "recipient": "Does the address exist, and does the server send mail for this user?",
    "content": "The server takes mail for this address, but not this one.",
}


@click.group()
def mail() -> None:
    """See the mail that the service sends, and try it."""


@mail.command("list")
@options.data
def list_(data: str | None) -> None:
    """List the newest mails, newest first."""
    rows = [("id", "queued at", "for", "what", "attempts", "state", "answer")]
    options.columns(rows + [_row(message) for message in front_desk(data).outbox.latest()])


@mail.command()
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@options.data
def show(number: int, data: str | None) -> None:
    """Show the mail with this number; of one that went to a mail server, what became of it."""
    outbox = front_desk(data).outbox
    text = outbox.read(number)
    if text is not None:
        _print(text)
        return
    message = outbox.find(number)
    if message is None or outbox.writes_files:
        raise CannotStart(f"There is no mail {number} that was written; see `vestibule mail list`.")
    for name, value in _facts(message).items():
        click.echo(f"{name:<10}{value}")


@mail.command()
@click.argument("number", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option("--dead", is_flag=True, help="All that were given up.")
@options.data
def retry(number: int | None, dead: bool, data: str | None) -> None:
    """Have a mail that failed, or was given up, tried once more within seconds."""
    if (number is None) is not dead:
        raise click.UsageError("Say the number of a mail, or --dead.")
    outbox = front_desk(data).outbox
    if number is None:
        click.echo(f"{outbox.retry_dead()} to be tried again")
    elif not outbox.retry(number):
        raise CannotStart(f"Mail {number} did not fail; see `vestibule mail list`.")
    else:
        click.echo("1 to be tried again")


@mail.command()
@click.argument("address")
@options.data
def test(address: str, data: str | None) -> None:
    """Send a mail to ADDRESS now, and tell what the mail server answers."""
    settings = config.load(data=data)
    if settings.mail_server is None:
        raise BadSetting(
            f"smtp_url ({PREFIX}SMTP_URL): no mail server is set; mails are files in "
            f"{settings.data / 'mail'}."
        )
    try:
        answer = send_test(settings, address)
    except Refusal as refusal:
        raise CannotStart(str(refusal)) from None
    except NotSent as error:
        advice = ADVICE.get(str(error).partition(":")[0], "").format(PREFIX)
        raise click.ClickException(
            f"{settings.mail_server} did not take the mail: {error}. {advice}".rstrip()
        ) from None
    click.echo(f"{settings.mail_server} took the mail: {answer}")


def _print(text: bytes) -> None:
    message = message_from_bytes(text, policy=policy.default)
    for name in ("From", "To", "Date", "Subject"):
        click.echo(f"{name}: {message[name]}")
    body = message.get_body(("plain",))
    click.echo(f"\n{body.get_content() if body else ''}", nl=False)


def _facts(message: OutboxMessage) -> dict[str, str]:
    facts = {
        "for": message.recipient,
        "what": message.template,
        "queued at": f"{message.created_at:%Y-%m-%d %H:%M:%S}",
        "attempts": str(message.attempts),
        "state": _state(message),
        "answer": message.outcome or "-",
    }
    if message.done_at is None:
        facts["next try"] = f"{message.due_at:%Y-%m-%d %H:%M:%S}"
    return facts


def _state(message: OutboxMessage) -> str:
    if message.dead:
        return "dead"
    if message.done_at is not None:
        outcome = message.outcome or ""
        return {".eml": "written"}.get(outcome[-4:], "sent" if outcome[:1] == "2" else "dropped")
    return "waiting" if message.outcome or not message.attempts else "under way"


def _row(message: OutboxMessage) -> tuple[str, ...]:
    cells = (
        message.id,
        f"{message.created_at:%Y-%m-%d %H:%M:%S}",
        message.recipient,
        message.template,
        message.attempts,
        _state(message),
        message.outcome or "",
    )
    return tuple(map(str, cells))
