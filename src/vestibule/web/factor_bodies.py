"""The bodies that the routes of second factors read and answer with, field by field."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from vestibule.web.door import Field
from vestibule.web.openapi import Factor, Owes

# What may be empty, or missing.
Text = Annotated[str, StringConstraints(strict=True)]


class Code(BaseModel):
    """Six digits of an authenticator, or a recovery code."""

    code: Field


class Proof(BaseModel):
    """The password, and for an account with a factor a code."""

    password: Field
    code: Text = ""


class TicketAndCode(BaseModel):
    """The ticket of an offer, and a code that an authenticator made of its secret."""

    ticket: Field
    code: Field


class OwedFactor(BaseModel):
    """What a login that is half done owes, one of it, and until when (UTC, RFC 3339).

    ``enrol``: the account has no factor and has to have one, so one is to be added.
    """

    owes: Owes
    factors: list[Factor]
    expires_at: str


class Entered(BaseModel):
    """Who is logged in; and how many recovery codes are left, where one of them was used."""

    email: str
    message: str
    recovery_codes: int | None


class OneTimeCodes(BaseModel):
    """The authenticator of an account, and since when."""

    created_at: str


class PasskeyOfAccount(BaseModel):
    """A passkey; ``backed_up``: it is on other devices as well, or could be brought back."""

    id: str
    name: str
    created_at: str
    last_used_at: str | None
    backed_up: bool


class FactorsOfAccount(BaseModel):
    """What an account has besides its password, and whether it has one."""

    otp: OneTimeCodes | None
    passkeys: list[PasskeyOfAccount]
    recovery_codes: int
    required: bool
    end_at: str | None
    password: bool


class Offer(BaseModel):
    """A secret for an authenticator: as text, as a link, and as a picture of that link (SVG)."""

    secret: str
    uri: str
    qr: str
    ticket: str


class FactorChanged(BaseModel):
    """What happened, and recovery codes that are shown this once, if there are new ones."""

    message: str
    recovery_codes: list[str] | None


class CodeForm(Code):
    """The same as a page's form sends it; ``next`` is where to go afterwards."""

    next: Text = ""
    # What the field is for, as the visitor chose: ``otp`` or ``recovery``.
    way: Text = ""


class ProofForm(Proof):
    """The same as a page's form sends it; ``next`` is where to go back to."""

    next: Text = ""


class Onward(BaseModel):
    """Where to go afterwards."""

    next: Text = ""


class TicketAndCodeForm(TicketAndCode):
    """The same as a page's form sends it; ``next`` is where to go afterwards."""

    next: Text = ""


class CodesForm(BaseModel):
    """Recovery codes, as a page shows them."""

    codes: Text = ""
