"""``vestibule bench``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import click

from vestibule import config, migrations
from vestibule.auth.crypto import new_secret
from vestibule.auth.errors import NotEmpty
from vestibule.auth.seeding import Seed, Seeding
from vestibule.cli import options
from vestibule.cli.refusals import CannotStart
from vestibule.config import PREFIX


@click.group()
def bench() -> None:
    """Make databases to measure with. See `make bench` for what is measured."""


@bench.command()
@click.argument("accounts", type=click.IntRange(1, 100_000_000))
@click.option(
    "--sessions",
    "file",
    type=click.Path(path_type=Path),
    help="Write ids of open sessions to this new file, for a load generator: one a line.",
)
@click.option(
    "--most",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="How many ids, drawn at random.",
)
@click.option(
    "--in-use",
    type=click.IntRange(0, 10_000),
    default=60,
    show_default=True,
    metavar="MINUTES",
    help="Their sessions count as just used for so long: a check of one writes nothing.",
)
@click.option("--password-stdin", is_flag=True, help="Read everybody's password, one line.")
@options.data
def seed(
    accounts: int,
    file: Path | None,
    most: int,
    in_use: int,
    password_stdin: bool,
    data: str | None,
) -> None:
    """Fill an empty database with this many made-up accounts, and as many sessions and logins.

    No server may be running on it. A million takes half a minute, and 820 MB.
    """
    settings = config.load(data=data)
    config.prepare_data(settings)
    if settings.classic:
        raise CannotStart("The classic profile knows one session of each account: use strict.")
    if migrations.current(settings.database) != migrations.head():
        raise CannotStart(
            f"data ({PREFIX}DATA): {settings.database} is not at the newest schema; "
            "run `vestibule db upgrade` first."
        )
    password = sys.stdin.readline().strip() if password_stdin else new_secret()
    if not password:
        raise CannotStart("There is no password on standard input.")
    wanted = Seed(accounts, password, most if file else 0, timedelta(minutes=in_use))
    with _ids(file) as write:
        write(_run(Seeding(settings), wanted))
    click.echo(f"{accounts} accounts, user1@example.com to user{accounts}@example.com")
    if not password_stdin:
        click.echo(f"everybody's password is {password}")


def _run(seeding: Seeding, wanted: Seed) -> list[str]:
    """Make it, behind a bar that moves where somebody watches it."""
    rows = 2 * wanted.accounts
    # The indexes are made when all rows are there, in about a fourth of the time.
    length, label = rows * 4 // 3, f"{wanted.accounts} accounts"
    watched = sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=not watched) as bar:
        try:
            drawn = seeding.run(wanted, bar.update)
        except NotEmpty as error:
            raise CannotStart(str(error)) from error
        bar.update(length - rows)
    return drawn


@contextmanager
def _ids(file: Path | None) -> Iterator[Callable[[list[str]], None]]:
    """What writes session ids, which are keys, for their owner's eyes; nothing stays of a failure.

    :raises CannotStart: the file exists, or cannot be written.
    """
    if file is None:
        yield _keep_nothing
        return
    try:
        file.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise CannotStart(f"Cannot write {file}: {error.strerror}.") from error
    try:
        yield partial(_write, file)
    except BaseException:
        file.unlink()
        raise


def _write(file: Path, ids: list[str]) -> None:
    file.write_text("".join(f"{each}\n" for each in ids), encoding="ascii")


def _keep_nothing(ids: list[str]) -> None:
    """Nobody asked for any."""
