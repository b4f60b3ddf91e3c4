"""What cannot be done ends with one clear sentence and status 2, never a traceback."""

from __future__ import annotations

from typing import Any

import click

from vestibule.auth.errors import StorageUnavailable
from vestibule.config import BadSetting
from vestibule.migrations import SchemaError


class CannotStart(click.ClickException):
    """A mistake that whoever runs the command can mend."""

    exit_code = 2


class Front(click.Group):
    """The group of all commands; it turns our refusals into sentences."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (BadSetting, SchemaError) as error:
            raise CannotStart(str(error)) from error
        except StorageUnavailable as error:
            raise CannotStart(f"The database cannot be used: {error}.") from error
