"""The group of all commands: each is loaded when it is called, and ends in words."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

import click

from vestibule.auth.errors import StorageUnavailable
from vestibule.cli.refusals import CannotStart
from vestibule.config import BadSetting
from vestibule.migrations import SchemaError

# Where each command is. ``run`` forks the workers: what it loads, every one of them carries.
COMMANDS = {
    "accounts": "vestibule.cli.accounts:accounts",
    "audit": "vestibule.cli.audit:audit",
    "bench": "vestibule.cli.bench:bench",
    "check": "vestibule.cli.check:check",
    "config": "vestibule.cli.configuration:configuration",
    "db": "vestibule.cli.database:database",
    "keys": "vestibule.cli.keys:keys",
    "mail": "vestibule.cli.mail:mail",
    "run": "vestibule.cli.run:run",
}


class Front(click.Group):
    """Loads commands by name, and turns refusals into sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature.
        """The names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name, or ``None``."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        gc.enable()
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (BadSetting, SchemaError) as error:
            raise CannotStart(str(error)) from error
        except StorageUnavailable as error:
            raise CannotStart(f"The database cannot be used: {error}.") from error
