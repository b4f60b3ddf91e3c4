"""Settings and the clock: what an operator decides, and what time it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from tempfile import TemporaryFile
from typing import Any

from pydantic import ValidationError

from vestibule.config.breach_list import BreachList, hash_after, read_breach_list
from vestibule.config.databases import Database, PostgreSQLServer, SQLiteFile
from vestibule.config.factors import Required
from vestibule.config.settings import Settings
from vestibule.config.values import (
    KEY_BYTES,
    PREFIX,
    BadSetting,
    is_loopback,
    is_secret,
    parse_keys,
)

__all__ = [
    "KEY_BYTES",
    "PREFIX",
    "VERSION",
    "BadSetting",
    "BreachList",
    "Clock",
    "Database",
    "PostgreSQLServer",
    "Required",
    "SQLiteFile",
    "Settings",
    "clock",
    "hash_after",
    "is_loopback",
    "is_secret",
    "load",
    "parse_keys",
    "prepare_data",
    "read_breach_list",
]

VERSION = metadata.version("vestibule")
Clock = Callable[[], datetime]


def clock() -> datetime:
    """The time now, in UTC. Whoever asks for the time asks here, so that tests can move it."""
    return datetime.now(UTC)


def load(**given: Any) -> Settings:
    """Settings from the command line, the environment, or the defaults, in this order.

    :param given: from the command line; what is ``None`` was not given.
    :raises BadSetting: naming the setting, without its value, which may be a secret.
    """
    _refuse_unknown_variables()
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise BadSetting("\n".join(_in_words(problem) for problem in error.errors())) from None


def _refuse_unknown_variables() -> None:
    """A misspelt setting must not be a setting silently left at its default."""
    fields = Settings.model_fields
    known = {f"{PREFIX}{name.upper()}" for name in fields}
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in fields if is_secret(fields[name])}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise BadSetting(f"{', '.join(unknown)}: no such setting; see `vestibule config show`.")


# In place of pydantic's own, which speak to who wrote the model.
WORDS = {
    "bool_parsing": "say true or false",
    "int_parsing": "say a whole number",
    "url_parsing": "say it as https://auth.example.com",
    "url_scheme": "say it as https://auth.example.com",
}


def _in_words(problem: Any) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    message = WORDS.get(problem["type"], message).replace("Input should be", "say") + "."
    if not problem["loc"]:
        return str(message)
    name = str(problem["loc"][0])
    return f"{name} ({PREFIX}{name.upper()}): {message}"


def prepare_data(settings: Settings) -> None:
    """Make the data directory, readable by its owner alone.

    :raises BadSetting: it cannot be made or written to.
    """
    folders = {settings.data}
    if isinstance(settings.database, SQLiteFile):
        folders.add(settings.database.path.parent)
    for path in sorted(folders):
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Being allowed to is not being able to: a read-only disk shows only when written to.
            with TemporaryFile(dir=path):
                pass
        except OSError as error:
            raise BadSetting(
                f"data ({PREFIX}DATA): cannot write to {path}: {error.strerror}."
            ) from error
