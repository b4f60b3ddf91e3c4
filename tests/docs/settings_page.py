"""Writes ``docs/settings.md`` from the code: ``python -m tests.docs.settings_page``."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from vestibule.cli.run import run
from vestibule.config import PREFIX, Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
HEAD = """\
# Settings

Each setting is an environment variable. Those with an option can also be given to `vestibule run`;
the option wins over the variable, the variable over the default. `vestibule config show` prints
what counts here and now. A value that cannot be used ends every command with a sentence and exit
status 2; so does a variable that begins with `VESTIBULE_` and is not in this table.

| Variable | Option | Default | Accepts | What it does |
|---|---|---|---|---|
"""
FOOT = """\

A **secret** may be in a file instead, named by the same variable with `_FILE` at its end:
`VESTIBULE_DATABASE_URL_FILE=/run/secrets/database-url`. Spaces and line breaks around it do not
count. Giving both is refused. `config show` prints `(hidden)` for it, and no log line holds it.

A **duration** is a whole number and a unit: `45s`, `30m`, `12h`, `7d`.

The classic profile has no use for the durations, the password policy and the limit on failures: it
answers the exercise's contract to the letter.

*This page is written from `src/vestibule/config/settings.py` by
`python -m tests.docs.settings_page`; a test fails when it is out of date.*
"""
# What no type says.
ACCEPTS = {
    "redis_url": "secret; `redis://host:6379/0`, `rediss://host:6379/0` or"
    " `redis+unix:///path/to/socket`",
    "host": "an address or a name; loopback only in the classic profile",
    "data": "a directory, which is made if it is not there",
    "public_url": "scheme, host and port alone: `https://auth.example.com`",
    "database_url": "secret; `sqlite:////path/to/file.db` or "
    "`postgresql+psycopg://user:password@host:5432/database`",
    "smtp_url": "secret; `smtps://user:password@host:465`, `smtp://user:password@host:587`",
    "smtp_ca": "a PEM file",
    "require_verified": "`true`, `false`",
    "stop_notice": "a duration",
    "conceal_accounts": "`true`, `false`",
    "smtp_timeout": "a duration, at most `60s`",
    "hashing_wait": "a duration, at most `60s`",
    "mail_from": "an address, or `Name <address>`",
    "mail_templates": "a directory",
    "site_name": "a name of at most 60 characters",
    "site_logo": "an SVG, PNG, WebP, JPEG or GIF file of at most 256 KiB",
    "site_accent": "a colour such as `#0b6e4f`, which text can be read in",
    "site_accent_dark": "a colour, the same",
    "page_templates": "a directory; see [pages](pages.md#templates)",
    "page_languages": "a directory; see [pages](pages.md#languages)",
    "passkey_domain": "the host of the service, or what it ends with: `example.com`",
    "return_origins": "origins such as `https://app.example.com`, with commas between them",
    "breached_passwords": "an `https` URL such as `https://api.pwnedpasswords.com/range/`, "
    "or a file; see [passwords](passwords.md#stolen-passwords)",
    "secret_key": "secret; 256 random bits in hexadecimal or base64, several on a line each",
}
DEFAULTS = {
    "breached_passwords": "none",
    "smtp_url": "none",
    "stop_notice": "none",
    "require_verified": "`true` with a mail server",
    "conceal_accounts": "`true` with a mail server",
    "smtp_ca": "the system's",
    "site_name": "`Vestibule`; for authenticators the host",
    "site_logo": "a picture of ours, in the colour",
    "site_accent": "ours, or made of the other",
    "site_accent_dark": "ours, or made of the other",
    "page_templates": "none",
    "page_languages": "none",
    "mail_from": "the site's name and `<vestibule@localhost>`; none with a mail server",
    "mail_templates": "none",
    "passkey_domain": "the host of the service",
    "return_origins": "none",
    "redis_url": "none: counted in the database",
    "workers": "one per core",
    "public_url": "`http://`, host and port",
    "database_url": "`vestibule.db` in the data directory",
    "secret_key": "`secret.keys` in the data directory",
}


def page() -> str:
    """The page."""
    options = {parameter.name for parameter in run.params}
    rows = [_row(name, field, name in options) for name, field in Settings.model_fields.items()]
    return HEAD + "\n".join(rows) + "\n" + FOOT


def _row(name: str, field: FieldInfo, has_option: bool) -> str:
    cells = (
        f"`{PREFIX}{name.upper()}`",
        f"`--{name}`" if has_option else "",
        DEFAULTS.get(name) or f"`{_in_words(field.default)}`",
        ACCEPTS.get(name) or _accepts(field),
        field.description or "",
    )
    return f"| {' | '.join(cells)} |"


def _in_words(value: Any) -> str:
    if not isinstance(value, timedelta):
        return str(value)
    units = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
    units["s"] = timedelta(seconds=1)
    return next(f"{value // one}{unit}" for unit, one in units.items() if not value % one)


def _accepts(field: FieldInfo) -> str:
    kind = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    if kind is timedelta:
        return "a duration"
    if kind is bool:
        return "`true` or `false`"
    assert kind is int, f"say in ACCEPTS what a {kind} is"
    least = next(limit.ge for limit in field.metadata if isinstance(limit, Ge))
    most = next((limit.le for limit in field.metadata if isinstance(limit, Le)), None)
    return f"{least} to {most}" if most else f"{least} or more"


def secrets() -> set[str]:
    """The settings that may be in a file."""
    return {
        name
        for name, field in Settings.model_fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
    }


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
