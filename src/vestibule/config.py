"""Settings and the clock: what an operator decides, and what time it is."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any, Literal

from pydantic import (
    AnyHttpUrl,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

VERSION = metadata.version("vestibule")
PREFIX = "VESTIBULE_"
# A file, not :memory:, and without the options that another driver would read after a "?".
FILE_URL = re.compile(r"sqlite:///[^?:#]*[^?:#/]")
MAX_SECRET = 64 * 1024
Clock = Callable[[], datetime]


def clock() -> datetime:
    """The time now, in UTC. Whoever asks for the time asks here, so that tests can move it."""
    return datetime.now(UTC)


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


class SecretFiles(PydanticBaseSettingsSource):
    """Reads ``VESTIBULE_X_FILE`` for each secret setting X: a file shows up in no process list."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """The content of the file that the environment names for this field, if it names one."""
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if path is None or not _secret(field):
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


class Settings(BaseSettings):
    """Every setting and its default. Each is ``VESTIBULE_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(5000, ge=1, le=65535, description="Port to listen on.")
    profile: Literal["strict", "classic"] = Field(
        "strict", description="strict, or classic: the exercise's contract to the letter."
    )
    data: Path = Field(
        Path("vestibule-data"), description="Directory for the database, backups and mail."
    )
    workers: int = Field(
        default_factory=lambda: len(os.sched_getaffinity(0)),
        ge=1,
        le=64,
        description="Worker processes; one per core unless said otherwise.",
    )
    public_url: AnyHttpUrl | None = Field(
        None, description="Where people reach the service; links in mails start with it."
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL; SQLite in the data directory unless said otherwise."
    )
    session_idle: Duration = Field(
        timedelta(days=7), description="A session unused for this long ends."
    )
    session_lifetime: Duration = Field(
        timedelta(days=30), description="A session ends after this long, used or not."
    )
    reset_lifetime: Duration = Field(
        timedelta(minutes=30), description="A reset token works for this long."
    )
    password_min_length: int = Field(
        8, ge=8, le=64, description="Fewest characters of a new password (NIST 800-63B-4)."
    )
    login_failures: int = Field(
        10, ge=1, le=1000, description="Failed logins per account and address in fifteen minutes."
    )
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], BeforeValidator(lambda level: level.lower())
    ] = Field("info", description="Least severe log line to write.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature.
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then the environment, then secret files."""
        return init_settings, env_settings, SecretFiles(settings_cls)

    @model_validator(mode="after")
    def _classic_stays_at_home(self) -> Settings:
        if self.profile == "classic" and not is_loopback(self.host):
            raise ValueError(
                f"host ({PREFIX}HOST): the classic profile gives reset tokens to whoever asks, "
                f"so it listens on loopback only, and {self.host} is not. Use --host 127.0.0.1, "
                "or --profile strict"
            )
        if self.database_url and not FILE_URL.fullmatch(self.database_url.get_secret_value()):
            raise ValueError(
                f"database_url ({PREFIX}DATABASE_URL): only SQLite is supported: "
                "sqlite:////path/to/file.db"
            )
        return self

    @field_validator("public_url")
    @classmethod
    def _only_an_origin(cls, url: AnyHttpUrl | None) -> AnyHttpUrl | None:
        if url and (url.path not in (None, "/") or url.query or url.fragment or url.username):
            raise ValueError("say scheme, host and port alone, as in https://auth.example.com")
        return url

    @property
    def classic(self) -> bool:
        """Whether the exercise's contract is answered to the letter."""
        return self.profile == "classic"

    @property
    def origin(self) -> str:
        """Scheme, host and port that links in mails start with, without a slash at the end."""
        if self.public_url:
            return str(self.public_url).rstrip("/")
        if ":" in self.host and not self.everywhere:
            return f"http://[{self.host}]:{self.port}"
        here = self.everywhere or is_loopback(self.host)
        return f"http://{'localhost' if here else self.host}:{self.port}"

    @property
    def everywhere(self) -> bool:
        """Whether ``host`` is every address of this machine, and so the name of none."""
        return self.host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound.

    @property
    def database(self) -> Path:
        """The SQLite file."""
        if self.database_url:
            return Path(self.database_url.get_secret_value().removeprefix("sqlite:///"))
        return self.data / "vestibule.db"


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
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in fields if _secret(fields[name])}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise BadSetting(f"{', '.join(unknown)}: no such setting; see `vestibule config show`.")


def _secret(field: Any) -> bool:
    return "SecretStr" in str(field.annotation)


# In place of pydantic's own, which speak to who wrote the model.
WORDS = {
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


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address, never leaves this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def prepare_data(settings: Settings) -> None:
    """Make the data directory, readable by its owner alone.

    :raises BadSetting: it cannot be made or written to.
    """
    folder = settings.database.parent
    for path in (settings.data, folder):
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Being allowed to is not being able to: a read-only disk shows only when written to.
            with TemporaryFile(dir=path):
                pass
        except OSError as error:
            raise BadSetting(
                f"data ({PREFIX}DATA): cannot write to {path}: {error.strerror}."
            ) from error
