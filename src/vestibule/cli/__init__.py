"""The same front desk, from a terminal."""

from __future__ import annotations

import click

from vestibule.cli.check import check
from vestibule.cli.configuration import configuration
from vestibule.cli.database import database
from vestibule.cli.mail import mail
from vestibule.cli.refusals import Front
from vestibule.cli.run import run
from vestibule.config import VERSION


@click.group(cls=Front, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="vestibule")
def main() -> None:
    """User authentication you can see through.

    Every setting is also an environment variable: see `vestibule config show`.
    """


for command in (run, check, database, mail, configuration):
    main.add_command(command)
