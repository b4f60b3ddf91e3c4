"""What an operator says about the pages that people see, and how browsers come to them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings

from vestibule.config.colours import DARK, EASY, LIGHT, read_colour

# Scheme, host and port of another site; nothing that could say more in a header.
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
USUAL_PORTS = {"http": ":80", "https": ":443"}
OURS = "Vestibule"
# More would not fit into a title.
LONGEST_NAME = 60


class Accents(NamedTuple):
    """The one colour of pages: of links, buttons and what has the focus."""

    light: str
    dark: str


def read_origins(text: str) -> tuple[str, ...]:
    """The origins in a text that has commas or spaces between them, as browsers write them.

    :raises ValueError: one of them is none.
    """
    origins = []
    for each in re.split(r"[\s,]+", text.strip().lower()):
        if not ORIGIN.fullmatch(each.rstrip("/")):
            raise ValueError("say scheme, host and port alone, as in https://app.example.com")
        scheme, _, host = each.rstrip("/").partition("://")
        origins.append(f"{scheme}://{host.removesuffix(USUAL_PORTS[scheme])}")
    return tuple(origins)


class PageSettings(BaseSettings):
    """The settings of pages."""

    site_name: str | None = Field(
        None, description="What people know the service as: on pages, in mails and authenticators."
    )
    site_logo: Path | None = Field(None, description="The picture beside the name on pages.")
    site_accent: str | None = Field(
        None, description="The colour of links and buttons on light pages."
    )
    site_accent_dark: str | None = Field(None, description="The same, on dark pages.")
    page_templates: Path | None = Field(
        None, description="Directory of templates in place of the pages that come with the service."
    )
    page_languages: Path | None = Field(
        None, description="Directory of languages that pages speak as well, or otherwise."
    )
    hsts: Literal["subdomains", "host"] = Field(
        "subdomains",
        description="Under https, whether names below the host's come by https alone as well.",
    )
    return_origins: str | None = Field(
        None, description="Other sites that people may be sent back to after a login."
    )

    passkey_domain: str | None = Field(
        None, description="The name that passkeys are for; that of the service unless said."
    )

    @property
    def origin(self) -> str:
        """Scheme, host and port at which browsers reach the service; ``Settings`` knows."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _passkeys_work_here(self) -> PageSettings:
        host = urlsplit(self.origin).hostname or ""
        name = self.passkey_domain
        # WebAuthn section 5.1.3: a page makes passkeys for its own host, or for one above it.
        if name and not f".{host}".endswith(f".{name}"):
            raise ValueError(
                f"passkey_domain (VESTIBULE_PASSKEY_DOMAIN): people reach the service at {host}, "
                f"whose pages cannot use passkeys for {name}. Name {host}, or what it ends with"
            )
        return self

    @field_validator("return_origins")
    @classmethod
    def _are_origins(cls, text: str | None) -> str | None:
        if text:
            read_origins(text)
        return text

    @field_validator("site_name")
    @classmethod
    def _is_a_name(cls, name: str | None) -> str | None:
        if name and (len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip()):
            raise ValueError(f"say a name of at most {LONGEST_NAME} characters, on one line")
        return name

    @field_validator("site_accent", "site_accent_dark")
    @classmethod
    def _can_be_seen(cls, colour: str | None, which: ValidationInfo) -> str | None:
        if not colour:
            return None
        read = read_colour(colour)
        (LIGHT if which.field_name == "site_accent" else DARK).require(read)
        return read

    @field_validator("page_templates", "page_languages")
    @classmethod
    def _is_a_folder(cls, path: Path | None) -> Path | None:
        if path and not path.is_dir():
            raise ValueError(f"there is no directory {path}")
        return path

    @property
    def called(self) -> str:
        """What pages call the service."""
        return self.site_name or OURS

    @property
    def accents(self) -> Accents | None:
        """The operator's colours, one made of the other where only one is said."""
        light, dark = self.site_accent, self.site_accent_dark
        if not light and not dark:
            return None
        return Accents(
            light or LIGHT.readable(str(dark), EASY), dark or DARK.readable(str(light), EASY)
        )

    @property
    def may_return_to(self) -> tuple[str, ...]:
        """The origins that people may be sent back to."""
        return read_origins(self.return_origins) if self.return_origins else ()
