"""The same front desk, from a terminal."""

from __future__ import annotations

import click

from vestibule.cli.front import Front
from vestibule.config import VERSION


@click.group(cls=Front, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="vestibule")
def main() -> None:
    """User authentication you can see through.

    Every setting is also an environment variable: see `vestibule config show`.
    """
