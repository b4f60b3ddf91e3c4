"""What cannot be done ends with one clear sentence and status 2, never a traceback."""

from __future__ import annotations

import click


class CannotStart(click.ClickException):
    """A mistake that whoever runs the command can mend."""

    exit_code = 2
