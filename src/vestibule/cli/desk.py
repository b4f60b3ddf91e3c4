"""The front desk, for commands that look into an existing database or change it."""

from __future__ import annotations

import click

from vestibule import config, migrations
from vestibule.auth import Auth
from vestibule.auth.caller import console
from vestibule.config import BadSetting


def front_desk(data: str | None) -> Auth:
    """The front desk of the service that the settings describe; what it does, an operator did.

    :raises BadSetting: there is no database yet.
    """
    settings = config.load(data=data)
    if migrations.current(settings.database) is None:
        raise BadSetting(
            f"data ({config.PREFIX}DATA): there is no database at {settings.database}."
        )
    auth = Auth.open(settings, caller=console)
    # What was refused is not written yet when the command ends, with whatever status.
    click.get_current_context().call_on_close(auth.audit.flush)
    return auth
