"""What a setting may be: durations, secrets in files, secret keys, names of this machine."""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_settings import PydanticBaseSettingsSource

PREFIX = "VESTIBULE_"
MAX_SECRET = 64 * 1024
# 256 bits, as many as the hash and the cipher that use them take in.
KEY_BYTES = 32
# 32 random bytes have some thirty different ones; a key with few was made up.
FEWEST_DIFFERENT = 16


class BadSetting(ValueError):
    """A setting that the service cannot start with; the text says which, and what to do."""


def _duration(value: object) -> object:
    """Read ``45s``, ``30m``, ``12h`` or ``7d``; nothing else, because ``30:00`` is two things."""
    if not isinstance(value, str):
        return value
    number, unit = value[:-1], UNITS.get(value[-1:])
    if not unit or not number.isascii() or not number.isdigit():
        raise ValueError("say how long as 45s, 30m, 12h or 7d")
    try:
        return timedelta(**{unit: int(number)})
    except (OverflowError, ValueError):
        raise ValueError("say at most 36500d") from None


UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
Duration = Annotated[
    timedelta, BeforeValidator(_duration), Field(gt=timedelta(0), le=timedelta(days=36500))
]

# How long somebody waits for an answer.
Patience = Annotated[Duration, Field(le=timedelta(seconds=60))]
# How many of something may be; 0 is as many as one likes.
Amount = Annotated[int, Field(ge=0, le=100_000_000)]
# At what is one of a million: NIST 800-63B-4 (3.2.2) has a hundred at most.
Guesses = Annotated[int, Field(ge=1, le=100)]
REDIS_URL = re.compile(r"rediss?://[^/]|redis\+unix:///.")


def require_redis(url: str) -> None:
    """Accept what could be the URL of a Redis.

    :raises ValueError: it could not; the text says how one looks.
    """
    if not REDIS_URL.match(url):
        raise ValueError(
            "say it as redis://host:6379/0, rediss://host:6379/0 or redis+unix:///path/to/socket"
        )


class SecretFiles(PydanticBaseSettingsSource):
    """Reads ``VESTIBULE_X_FILE`` for each secret setting X: a file shows up in no process list."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """The content of the file that the environment names for this field, if it names one."""
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if path is None or not is_secret(field):
            return None, field_name, False
        if variable.removesuffix("_FILE") in os.environ:
            raise BadSetting(f"{variable}: the same secret is also given without _FILE; keep one.")
        try:
            with Path(path).open("rb") as file:
                # Bounded: somebody may name a device that never ends.
                return file.read(MAX_SECRET).decode().strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise BadSetting(f"{variable}: cannot read {path}: {reason}.") from error

    def __call__(self) -> dict[str, Any]:
        """The secrets found in files, by field name."""
        fields = self.settings_cls.model_fields.items()
        found = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in found.items() if value is not None}


def is_secret(field: Any) -> bool:
    """Whether the value of this field is shown to nobody."""
    return "SecretStr" in str(field.annotation)


def parse_keys(text: str) -> tuple[bytes, ...]:
    """The secret keys in ``text``, newest first: hexadecimal or base64, one on each line.

    :raises ValueError: there is none, or one is too short or not random; it is not quoted.
    """
    keys = tuple(_key(word) for word in text.split())
    if not keys:
        raise ValueError("there is no secret key in it; `openssl rand -hex 32` makes one")
    return keys


def _key(word: str) -> bytes:
    hexadecimal = re.fullmatch("(?:[0-9A-Fa-f]{2})+", word)
    try:
        url_safe = word.replace("+", "-").replace("/", "_").rstrip("=")
        url_safe += "=" * (-len(url_safe) % 4)
        key = bytes.fromhex(word) if hexadecimal else base64.b64decode(url_safe, b"-_", True)
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES or len(set(key)) < FEWEST_DIFFERENT:
        raise ValueError(
            "a secret key is 256 random bits, as 64 hexadecimal digits or in base64; "
            "`openssl rand -hex 32` makes one"
        )
    return key


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address, never leaves this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
