"""The bodies that the routes of passkeys read and answer with, field by field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints

from vestibule.web.door import Field

# What may be empty, or missing.
Text = Annotated[str, StringConstraints(strict=True)]


class Wanted(BaseModel):
    """What a passkey is to be shown for: a login, the factor that one owes, or a proof."""

    purpose: Literal["login", "factor", "proof"]


class Asked(BaseModel):
    """What a browser is asked for, and the ticket to send back with its answer."""

    ticket: str
    publicKey: dict[str, Any]  # noqa: N815 - as the browser's own method has it.


class ShownPasskey(BaseModel):
    """A ticket, and what the browser signed (``PublicKeyCredential.toJSON``)."""

    ticket: Field
    credential: dict[str, Any]


class MadePasskey(BaseModel):
    """A ticket, what the browser made, and a name for it; none: that of the browser."""

    ticket: Field
    credential: dict[str, Any]
    name: Annotated[str, StringConstraints(strict=True)] = ""


class Name(BaseModel):
    """By which the owner of a passkey tells it from others; none: it keeps the one that it has."""

    name: Annotated[str, StringConstraints(strict=True)] = ""


class EnteredByPasskey(BaseModel):
    """Who is logged in, and what happened."""

    email: str
    message: str


class AddedPasskey(BaseModel):
    """A passkey, and recovery codes that are shown this once, if there are new ones."""

    id: str
    name: str
    message: str
    recovery_codes: list[str] | None


class NamedPasskey(BaseModel):
    """A passkey by its name."""

    id: str
    name: str


class Removed(BaseModel):
    """What happened."""

    message: str


class PasskeyForm(BaseModel):
    """What a page's form sends: a ticket, what the browser signed as JSON, and where to go then."""

    ticket: Text = ""
    credential: Text = ""
    next: Text = ""
    # What it was shown for, so that the form of that is shown again: as in ``Wanted``.
    purpose: Text = ""
