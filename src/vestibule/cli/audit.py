"""``vestibule audit``."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

from vestibule.auth.chain import Place
from vestibule.auth.errors import UnknownEmail
from vestibule.cli import options
from vestibule.cli.desk import front_desk
from vestibule.cli.refusals import CannotStart
from vestibule.records import AuditEvent

FIELDS = ("act", "outcome", "user", "session", "origin", "request_id")
DATES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")


class Moment(click.DateTime):
    """A day or a moment, in UTC unless it says otherwise."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The moment."""
        found: datetime = super().convert(value, param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


class Row(click.ParamType[Place]):
    """A row's number and digest, as the log and ``verify`` tell them."""

    name = "number:digest"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The row's place in the chain."""
        number, _, digest = str(value).partition(":")
        if not (number.isascii() and number.isdigit() and digest):
            self.fail("say it as 41:Xy3... with the number and digest of a row", param, ctx)
        return Place(int(number), digest)


@click.group()
def audit() -> None:
    """See the audit trail: who did what, and what was refused."""


@audit.command()
@click.option("--known", type=Row(), help="A row that was seen before and must still be there.")
@options.data
def verify(known: Place | None, data: str | None) -> None:
    """Check that no row was changed, removed or put in. If one was, the exit status is 1."""
    verdict = front_desk(data).trail.verify(known)
    rows = "1 row holds" if verdict.count == 1 else f"{verdict.count} rows hold"
    click.echo(f"{rows} together; the last is {verdict.head.number}:{verdict.head.digest}")
    if verdict.fault:
        click.echo(verdict.fault, err=True)
        sys.exit(1)


@audit.command()
@click.option("-n", "most", type=click.IntRange(1, 100_000), default=20, show_default=True)
@options.data
def tail(most: int, data: str | None) -> None:
    """Show the newest rows, the newest last."""
    rows: list[tuple[str, ...]] = [("number", "time", *FIELDS)]
    for event in front_desk(data).trail.newest(most):
        cells = (getattr(event, name) or "-" for name in FIELDS)
        rows.append((str(event.id), f"{event.at:%Y-%m-%d %H:%M:%S}", *cells))
    options.columns(rows)


@audit.command()
@click.option("--since", type=Moment(DATES), help="Only rows from this day or moment on, in UTC.")
@click.option("--until", type=Moment(DATES), help="Only rows before this day or moment, in UTC.")
@click.option("--user", help="Only rows of this address, or of this pseudonym.")
@options.data
def export(
    since: datetime | None, until: datetime | None, user: str | None, data: str | None
) -> None:
    """Print all rows, the oldest first, as one JSON object on each line."""
    try:
        for event in front_desk(data).trail.export(user=user, since=since, until=until):
            click.echo(json.dumps(_as_json(event)))
    except UnknownEmail as error:
        raise CannotStart(str(error)) from error


def _as_json(event: AuditEvent) -> dict[str, object]:
    at = event.at.isoformat(timespec="microseconds")
    fields = {name: getattr(event, name) for name in FIELDS}
    return {"number": event.id, "time": at, **fields, "digest": event.digest}
