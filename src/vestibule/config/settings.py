"""Every setting, its default, and what must not be set together."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AnyHttpUrl,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from vestibule.config.breach_list import read_breach_list
from vestibule.config.databases import (
    Database,
    PostgreSQLServer,
    SQLiteFile,
    file_in,
    is_server,
    require_database,
)
from vestibule.config.factors import FactorSettings
from vestibule.config.mail_server import MailServer, named, read_mail_server, require_sender
from vestibule.config.pages import PageSettings
from vestibule.config.values import (
    PREFIX,
    Amount,
    Duration,
    Patience,
    SecretFiles,
    is_loopback,
    parse_keys,
    require_redis,
)

# What raises ``ValueError`` for a text that such a setting cannot be.
READERS: dict[str, Callable[[str], object]] = {
    "secret_key": parse_keys,
    "smtp_url": read_mail_server,
    "mail_from": require_sender,
    "breached_passwords": read_breach_list,
    "redis_url": require_redis,
}


class Settings(FactorSettings, PageSettings):
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
    stop_notice: Duration | None = Field(
        None, description="From SIGTERM on, /readyz says 503 this long before the service stops."
    )
    public_url: AnyHttpUrl | None = Field(
        None, description="Where people reach the service; links in mails start with it."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="Proxies in front, each of which adds to X-Forwarded-For."
    )
    database_url: SecretStr | None = Field(
        None, description="SQLite in the data directory unless said otherwise."
    )
    database_pool: int = Field(
        8, ge=1, le=200, description="Connections for changes, per worker process (PostgreSQL)."
    )
    database_pool_timeout: Duration = Field(
        timedelta(seconds=5), description="Wait this long for one of them (PostgreSQL)."
    )
    database_prepare: bool = Field(
        True, description="Prepare statements; not through a transaction pooler (PostgreSQL)."
    )
    secret_key: SecretStr | None = Field(
        None, description="What signs and seals; newest first, if there are several."
    )
    smtp_url: SecretStr | None = Field(
        None, description="The mail server; without one, mails are files in the data directory."
    )
    smtp_ca: Path | None = Field(None, description="Certificates that vouch for the mail server.")
    smtp_timeout: Patience = Field(
        timedelta(seconds=20), description="The mail server has this long for each answer."
    )
    mail_from: str | None = Field(None, description="Who mails are from.")
    mail_templates: Path | None = Field(
        None, description="Directory of templates in place of the mails that come with the service."
    )
    session_idle: Duration = Field(timedelta(days=7), description="A session unused so long ends.")
    session_lifetime: Duration = Field(
        timedelta(days=30), description="A session ends after this long, used or not."
    )
    reset_lifetime: Duration = Field(timedelta(minutes=30), description="A reset token's lifetime.")
    link_lifetime: Duration = Field(
        timedelta(hours=1),
        description="A link that verifies, changes or restores an address works for this long.",
    )
    require_verified: bool | None = Field(
        None, description="Let people log in only when they have verified their address."
    )
    unverified_lifetime: Duration = Field(
        timedelta(days=7), description="An account that waits for that is removed after this long."
    )
    conceal_accounts: bool | None = Field(None, description="Tell nobody who has an account.")
    password_min_length: int = Field(
        8, ge=8, le=64, description="Fewest characters of a new password (NIST 800-63B-4)."
    )
    breached_passwords: str | None = Field(
        None, description="Where stolen passwords are listed, which no new one may be."
    )
    login_failures: int = Field(
        10, ge=1, le=1000, description="Failed logins per account and client in 15 minutes."
    )
    login_failures_per_account: int = Field(
        100, ge=0, le=100, description="Failed logins of an account until it has a new password."
    )
    login_failures_per_origin: Amount = Field(
        100, description="Failed logins per client, to all accounts, in 15 minutes."
    )
    login_failures_per_hour: Amount = Field(10_000, description="Failed logins of all in an hour.")
    registrations_per_origin: Amount = Field(60, description="New accounts per client in an hour.")
    registrations_per_hour: Amount = Field(10_000, description="New accounts of all in an hour.")
    mails_per_origin: Amount = Field(60, description="Mails asked for per client in an hour.")
    mails_per_hour: Amount = Field(10_000, description="Mails asked for by everybody in an hour.")
    hashing_wait: Patience = Field(
        timedelta(seconds=2), description="Who would wait longer for a hash is refused at once."
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis to count attempts in; the database unless said otherwise."
    )
    audit_retention: Duration = Field(
        timedelta(days=365), description="The audit trail forgets acts that are older than this."
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
        if self.profile == "classic" and self.trusted_proxies:
            raise ValueError(
                f"trusted_proxies ({PREFIX}TRUSTED_PROXIES): the classic profile answers requests "
                "of this machine alone, and none through a proxy. Use --profile strict"
            )
        if self.profile == "classic" and self.factors != "optional":
            raise ValueError(
                f"factors ({PREFIX}FACTORS): the classic profile knows a password alone. Use "
                "--profile strict"
            )
        return self

    @model_validator(mode="after")
    def _mails_are_from_somebody(self) -> Settings:
        if self.smtp_url and not self.mail_from:
            raise ValueError(
                f"mail_from ({PREFIX}MAIL_FROM): a mail server is set, so say who mails are from, "
                'as in "Example accounts <accounts@example.com>"'
            )
        return self

    @model_validator(mode="after")
    def _a_database_to_stand_on(self) -> Settings:
        if self.database_url:
            url, name = self.database_url.get_secret_value(), f"{PREFIX}DATABASE_URL"
            try:
                require_database(url)
            except ValueError as error:
                raise ValueError(f"database_url ({name}): {error}") from None
            if self.classic and is_server(url):
                raise ValueError(
                    f"database_url ({name}): the classic profile stands on SQLite only; say "
                    "sqlite:////path/to/file.db, or --profile strict"
                )
        return self

    @field_validator(*READERS)
    @classmethod
    def _can_be_read(cls, value: SecretStr | str | None, which: ValidationInfo) -> object:
        if value:
            plain = value.get_secret_value() if isinstance(value, SecretStr) else value
            READERS[str(which.field_name)](plain)
        return value

    @field_validator("public_url")
    @classmethod
    def _only_an_origin(cls, url: AnyHttpUrl | None) -> AnyHttpUrl | None:
        if url and (url.path not in (None, "/") or url.query or url.fragment or url.username):
            raise ValueError("say scheme, host and port alone, as in https://auth.example.com")
        return url

    @field_validator("smtp_ca", "mail_templates")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        if path and not path.exists():
            raise ValueError(f"there is no {path}")
        return path

    @property
    def classic(self) -> bool:
        """Whether the exercise's contract is answered to the letter."""
        return self.profile == "classic"

    @property
    def must_verify(self) -> bool:
        """Whether addresses are verified before the first login."""
        return self._with_mail(self.require_verified)

    @property
    def concealed(self) -> bool:
        """Whether nobody is told which addresses have an account."""
        return self._with_mail(self.conceal_accounts)

    def _with_mail(self, chosen: bool | None) -> bool:
        """What was chosen; by itself, whether there is a mail server. Classic has none of it."""
        by_itself = self.smtp_url is not None
        return (by_itself if chosen is None else chosen) and not self.classic

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
    def mail_server(self) -> MailServer | None:
        """Where mail is handed over; ``None``: it is written to files."""
        return read_mail_server(self.smtp_url.get_secret_value()) if self.smtp_url else None

    @property
    def sender(self) -> str:
        """Who mails are from: an address, maybe with a name."""
        return self.mail_from or f"{named(self.called)} <vestibule@localhost>"

    @property
    def database(self) -> Database:
        """What everything is stored in."""
        if not self.database_url:
            return SQLiteFile(self.data / "vestibule.db")
        url = self.database_url.get_secret_value()
        if not is_server(url):
            return SQLiteFile(file_in(url))
        return PostgreSQLServer(
            url,
            pool=self.database_pool,
            pool_timeout=self.database_pool_timeout,
            prepare=self.database_prepare,
        )
