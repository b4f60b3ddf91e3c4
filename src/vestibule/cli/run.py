"""``vestibule run``."""

from __future__ import annotations

from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import click

from vestibule import config, migrations, serve
from vestibule.auth import carriers
from vestibule.auth.keys import Keys
from vestibule.auth.mail_folder import MailFolder
from vestibule.config import Database, Settings, SQLiteFile
from vestibule.migrations import SchemaError
from vestibule.web import sheet

FORK = get_context("fork")


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on.  [default: 5000]")
@click.option(
    "--profile",
    help="strict, or classic: the exercise's contract to the letter.  [default: strict]",
)
@click.option(
    "--data", help="Directory for the database, backups and mail.  [default: vestibule-data]"
)
@click.option("--workers", type=int, help="Worker processes.  [default: one per core]")
def run(**options: Any) -> None:
    """Serve until SIGTERM, then finish the requests that were begun."""
    settings = config.load(**options)
    serve.export(options)
    # Before the database is touched: another version may be running on it.
    serve.require_free(settings)
    carriers.require_usable(settings)
    sheet.require_usable(settings)
    config.prepare_data(settings)
    upgrade = upgraded(settings)
    # Before there are workers, who would each want to make them.
    keys = Keys.open(settings)
    serve.serve(settings, started=lambda: _announce(settings, upgrade, keys))


def upgraded(settings: Settings) -> migrations.Upgrade:
    """Bring the database to the newest schema.

    A step is taken by a process of its own: workers are forked from this one, and each would carry
    what steps are taken with, 11 MB of Alembic. Not by a pool of them, which has threads here, too.

    :raises SchemaError: the schema is of a newer version, or the database cannot be used.
    """
    database, now = settings.database, config.clock()
    if migrations.current(database) == migrations.head():
        return migrations.upgrade(database, now)
    here, there = FORK.Pipe(duplex=False)
    apart = FORK.Process(target=_upgrade, args=(there, database, now))
    apart.start()
    there.close()
    try:
        done: migrations.Upgrade | SchemaError = here.recv()
    except EOFError:
        raise SchemaError(f"{database} was not upgraded: see above.") from None
    finally:
        apart.join()
    if isinstance(done, SchemaError):
        raise done
    return done


def _upgrade(answer: Connection, database: Database, now: datetime) -> None:
    try:
        answer.send(migrations.upgrade(database, now))
    except SchemaError as error:
        answer.send(error)


def _announce(settings: Settings, upgrade: migrations.Upgrade, keys: Keys) -> None:
    steps = (
        "" if upgrade.before == upgrade.after else f", upgraded from {upgrade.before or 'nothing'}"
    )
    lines = {
        "url": settings.origin,
        "profile": settings.profile,
        "database": str(settings.database),
        "schema": upgrade.after + steps,
        "keys": str(keys.file.path.resolve()) if keys.file else "from the settings",
    }
    if isinstance(settings.database, SQLiteFile):
        lines["sqlite"] = migrations.SQLITE_VERSION
    if not settings.classic:
        lines["mail"] = _mail(settings)
    lines["workers"] = str(settings.workers)
    if upgrade.backup:
        lines["backup"] = str(upgrade.backup)
    for name, value in lines.items():
        click.echo(f"{name:<10}{value}")
    if settings.data.stat().st_mode & 0o077:
        click.echo(f"note      {settings.data} can be entered by others; chmod 700 keeps them out")
    seen_by_others = settings.everywhere or (settings.smtp_url and not settings.classic)
    if seen_by_others and not settings.public_url:
        click.echo(
            f"note      links in mails start with {settings.origin}; set VESTIBULE_PUBLIC_URL "
            "to the address that people use"
        )


def _mail(settings: Settings) -> str:
    """Where mails go, and what is kept from people until they have read one."""
    server = settings.mail_server
    if server:
        scheme = "smtps" if server.tls == "always" else "smtp"
        where = f"{scheme}://{server} from {settings.sender}"
    else:
        where = f"files in {MailFolder.of(settings).path.resolve()}"
    kept = {
        "addresses are verified": settings.must_verify,
        "accounts concealed": settings.concealed,
    }
    told = ", ".join(what for what, counts in kept.items() if counts)
    return f"{where}; {told}" if told else where
