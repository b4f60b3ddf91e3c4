"""Why something was refused: one tree, each leaf with a stable code."""

from __future__ import annotations

from typing import ClassVar, Literal

from vestibule.db import Conflict, StorageUnavailable

__all__ = [
    "AddressInUse",
    "BadAddress",
    "BadCredentials",
    "BadToken",
    "Busy",
    "ChallengeOver",
    "Conflict",
    "EmailTaken",
    "FactorNeeded",
    "FactorOwed",
    "LoginNotRecent",
    "LoginOver",
    "NoSession",
    "NotEmpty",
    "NotSent",
    "PasswordRefused",
    "PasswordTooLong",
    "Refusal",
    "Rule",
    "StorageUnavailable",
    "TooManyAttempts",
    "UndoOpen",
    "UnknownEmail",
    "UnknownFactor",
    "UnknownSession",
    "Unverified",
    "WrongFactor",
]

# What a new password may break.
Rule = Literal["too_short", "common", "pattern", "own_name", "breached"]


DAY = 24 * 3600


class Refusal(ValueError):
    """The request was understood and refused; ``code`` never changes, the text may.

    Where time helps, it may be tried again ``retry_after`` seconds from now.
    """

    code: ClassVar[str]
    retry_after: int | None = None


class EmailTaken(Refusal):
    """The address has an account."""

    code = "email_taken"

    def __init__(self, email: str) -> None:
        super().__init__(f"User {email} already exists")


class BadAddress(Refusal):
    """Not an address that mail could go to."""

    code = "email_invalid"


class AddressInUse(Refusal):
    """Another account has the address that this one was to get."""

    code = "email_in_use"

    def __init__(self) -> None:
        super().__init__("Another account has this address.")


class UndoOpen(Refusal):
    """The address was changed, and the link in the mail to the earlier one still works."""

    code = "undo_open"

    def __init__(self) -> None:
        super().__init__(
            "Your address was changed a short while ago. As long as the earlier one can undo "
            "that, it cannot be changed again."
        )


class UnknownEmail(Refusal):
    """Nobody has this address."""

    code = "email_unknown"


class BadCredentials(Refusal):
    """Wrong address or wrong password; which of them is not said."""

    code = "credentials_wrong"


class NoSession(Refusal):
    """There is no open session with this id."""

    code = "session_none"

    def __init__(self) -> None:
        super().__init__("There is no open session; log in.")


class LoginNotRecent(Refusal):
    """The session is open, but too old for what cannot be undone."""

    code = "login_not_recent"

    def __init__(self) -> None:
        super().__init__(
            "You showed too long ago for this who you are. Show it again at POST /sessions/proof, "
            "or log in again."
        )


class FactorOwed(Refusal):
    """The password was right, and another factor is to be shown, or added, before anything opens.

    :param factors: the kinds of which one is enough.
    :param login_id: by which it is shown; ``None``: by what the request came with.
    :param owes: ``factor``; or ``enrol``, where the account has none and has to have one.
    """

    code = "factor_required"

    def __init__(
        self, factors: tuple[str, ...], login_id: str | None = None, owes: str = "factor"
    ) -> None:
        more = "Add a second factor first." if owes == "enrol" else "Show a code of yours as well."
        super().__init__(f"The password is right. {more}")
        self.factors = factors
        self.login_id = login_id
        self.owes = owes


class WrongFactor(BadCredentials):
    """The code is not right, or was used already; which of them is not said."""

    code = "factor_wrong"

    def __init__(self) -> None:
        super().__init__("This code is wrong, or was used already. Wait for the next one.")


class LoginOver(Refusal):
    """There is no login that owes a factor; if there was, it took too long or too many codes."""

    code = "login_over"

    def __init__(self) -> None:
        super().__init__("This login is over; begin again with your password.")


class ChallengeOver(Refusal):
    """What was offered is too old, or was offered to another session."""

    code = "challenge_over"

    def __init__(self) -> None:
        super().__init__("This offer is over; ask for another one.")


class UnknownFactor(Refusal):
    """The account has no such factor."""

    code = "factor_unknown"

    def __init__(self) -> None:
        super().__init__("Your account has no such factor.")


class FactorNeeded(Refusal):
    """It is the last factor of an account that has to have one."""

    code = "factor_needed"

    def __init__(self) -> None:
        super().__init__("Your account has to have a second factor; add another one first.")


class UnknownSession(Refusal):
    """None of one's own sessions has this public id."""

    code = "session_unknown"


class Unverified(BadCredentials):
    """The right password for an address that nobody verified yet."""

    code = "email_unverified"

    def __init__(self) -> None:
        super().__init__("This address is not verified yet; a fresh link is in your mail.")


class BadToken(Refusal):
    """A token that is unknown, expired, spent, replaced, or meant for something else."""

    code = "token_invalid"


class PasswordTooLong(Refusal):
    """Longer than any password may be, new or old."""

    code = "password_too_long"


class PasswordRefused(Refusal):
    """A new password that the policy does not allow; ``rule`` is stable, the text may change."""

    code = "password_refused"

    def __init__(self, rule: Rule, why: str, advice: str = "") -> None:
        super().__init__(f"{why} {advice}".rstrip())
        self.rule = rule
        self.why = why
        self.advice = advice


class TooManyAttempts(Refusal):
    """Tried too often."""

    code = "attempts_exceeded"

    def __init__(self, retry_after: int) -> None:
        days = retry_after // DAY
        when = (
            f"{days} days, or set a new password by mail" if days > 1 else f"{retry_after} seconds"
        )
        super().__init__(f"Too many attempts. Try again in {when}.")
        self.retry_after = retry_after


class NotEmpty(Exception):
    """What is to be filled with made-up people has people, or a history, already."""


class Busy(Refusal):
    """So many passwords are to be hashed that this one would wait, or has waited, too long."""

    code = "busy"
    retry_after = 1

    def __init__(self) -> None:
        super().__init__("Too many requests wait already. Nothing was changed; try again.")


class NotSent(Exception):
    """A mail was not taken; the text says at which step, and why.

    :param final: another try would end the same, whatever an operator mends.
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final
