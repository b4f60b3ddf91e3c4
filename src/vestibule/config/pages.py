"""What an operator says about the pages that people see, and how browsers come to them."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

# Scheme, host and port of another site; nothing that could say more in a header.
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
USUAL_PORTS = {"http": ":80", "https": ":443"}


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

    hsts: Literal["subdomains", "host"] = Field(
        "subdomains",
        description="Under https, whether names below the host's come by https alone as well.",
    )
    return_origins: str | None = Field(
        None, description="Other sites that people may be sent back to after a login."
    )

    @field_validator("return_origins")
    @classmethod
    def _are_origins(cls, text: str | None) -> str | None:
        if text:
            read_origins(text)
        return text

    @property
    def may_return_to(self) -> tuple[str, ...]:
        """The origins that people may be sent back to."""
        return read_origins(self.return_origins) if self.return_origins else ()
