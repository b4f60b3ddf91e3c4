"""The bodies that the JSON routes read and answer with, field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, StringConstraints

from vestibule.auth.errors import Rule
from vestibule.web.door import Field

# What a token looks like, in examples.
TOKEN = "1f6c0de5-9a3b-7c42-d1e0-5b8f27a4c936"  # noqa: S105 - nobody's.


# What an account without a password leaves out.
IfAny = Annotated[str, StringConstraints(strict=True)]


class Credentials(BaseModel):
    """An address and a password."""

    email: Field
    password: Field


class ResetRequest(BaseModel):
    """The address of the account whose password is forgotten."""

    email: Field


class NewAddress(BaseModel):
    """The address that an account is to have, and its password, if it has one."""

    email: Field
    password: IfAny = ""


class NewPasswordForm(BaseModel):
    """What the page behind the mail's link sends."""

    reset_token: Field
    new_password: Field


class NewPassword(BaseModel):
    """The token from the mail, and the password to set."""

    email: Field
    reset_token: Field
    new_password: Field


class PasswordChange(BaseModel):
    """The password that the account has, if it has one, and the one that it is to have."""

    current_password: IfAny = ""
    new_password: Field


class Link(BaseModel):
    """The token of a link in a mail."""

    token: Field


class LinkAndPassword(BaseModel):
    """The token of a link in a mail, and the password of the account that it is about."""

    token: Field
    password: Field


class LinkAndPasswordIfAny(BaseModel):
    """The same where passkeys alone may open the account."""

    token: Field
    password: IfAny = ""


class Candidate(BaseModel):
    """A password that somebody thinks of, and for which address."""

    password: Field
    email: Annotated[str, StringConstraints(strict=True)] = ""


class Verdict(BaseModel):
    """Whether the policy takes a password, and how strong it is: 0 to 4, by zxcvbn."""

    accepted: bool
    rule: Rule | None
    reason: str
    score: int | None
    advice: str


class Welcome(BaseModel):
    """A greeting."""

    message: Literal["Bienvenue"]


class Message(BaseModel):
    """What happened."""

    message: str


class AddressAndMessage(BaseModel):
    """The address that was sent, and what happened."""

    email: str
    message: str


class ResetToken(BaseModel):
    """The classic profile's answer to a forgotten password."""

    email: str
    reset_token: str


class Profile(BaseModel):
    """Who is signed in."""

    email: str


class OpenSession(BaseModel):
    """One of a person's open sessions. Times are in UTC (RFC 3339)."""

    id: str
    created_at: str
    last_seen_at: str
    device: str
    address: str | None
    current: bool
    # What was proved (RFC 8176), and when it was proved last.
    amr: list[str]
    proved_at: str


class OpenSessions(BaseModel):
    """A person's open sessions, the one used last first."""

    sessions: list[OpenSession]


class ExportedAccount(BaseModel):
    """An account. Times are in UTC (RFC 3339), here and below."""

    email: str
    created_at: str
    verified_at: str | None
    pseudonym: str
    administrator: bool
    factors_end_at: str | None


class ExportedSession(BaseModel):
    """A session, without what would open it."""

    created_at: str
    last_seen_at: str
    expires_at: str
    device: str
    user_agent: str | None
    address: str | None
    amr: list[str]
    proved_at: str


class ExportedLogin(BaseModel):
    """A login that owed a factor, without what would open it."""

    expires_at: str


class ExportedOtp(BaseModel):
    """An authenticator, without its secret."""

    created_at: str


class ExportedPasskey(BaseModel):
    """A passkey, without its keys."""

    name: str
    created_at: str
    last_used_at: str | None
    sign_count: int
    transports: list[str]
    backed_up: bool


class ExportedFactors(BaseModel):
    """What an account has besides its password, and how many recovery codes are left."""

    otp: ExportedOtp | None
    passkeys: list[ExportedPasskey]
    recovery_codes: int


class ExportedToken(BaseModel):
    """A link that was sent or is to be sent, without what would open it."""

    purpose: str
    expires_at: str
    address: str | None


class ExportedMail(BaseModel):
    """A mail that was asked for."""

    kind: str
    queued_at: str
    recipient: str
    about: str | None


class ActivityEvent(BaseModel):
    """What was done with an account, or refused: then ``outcome`` is the code of the refusal."""

    at: str
    act: str
    outcome: str
    session: str | None
    origin: str | None


class Export(BaseModel):
    """All that is stored about a person, but for secrets and hashes."""

    account: ExportedAccount
    sessions: list[ExportedSession]
    logins: list[ExportedLogin]
    factors: ExportedFactors
    tokens: list[ExportedToken]
    mails: list[ExportedMail]
    activity: list[ActivityEvent]


class Activity(BaseModel):
    """A page of one's own acts, the newest first; ``next`` is for ``before`` of the next page."""

    activity: list[ActivityEvent]
    next: int | None


class Health(BaseModel):
    """Whether the service is well."""

    status: str


class Entry(Credentials):
    """What the forms to register and to log in send; ``next`` is where to go afterwards."""

    next: Annotated[str, StringConstraints(strict=True)] = ""


class LanguageChoice(BaseModel):
    """The language that somebody reads, and the page to go back to."""

    language: Field
    next: Annotated[str, StringConstraints(strict=True)] = ""


class SessionEnd(BaseModel):
    """Which of one's sessions is to end: its id, or ``others``."""

    id: Field


class Certainty(BaseModel):
    """That somebody is sure: ``yes``."""

    sure: Field
