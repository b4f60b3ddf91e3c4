"""Which passwords are accepted for new (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS 6.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from vestibule.auth.errors import PasswordRefused, PasswordTooLong
from vestibule.auth.strength import Strength, estimate

# Long enough for any passphrase or manager, short enough that reading it costs nothing.
MAX_LENGTH = 1024
# One to four characters, over and over: aaaaaaaa, abcabcabc. Lists hold only some of them.
PATTERN = re.compile(r"(.{1,4}?)\1+", re.DOTALL)
OWN_NAME = "vestibule"


@cache
def common() -> bytes:
    """The 40,000 passwords that leak most often, in lower case, a line each, a line feed before.

    They are those that Django (BSD licence) and zxcvbn (MIT licence) know. Read when the first new
    password comes, and kept as the bytes of the file: a search takes a tenth of a millisecond at
    most, a text twice the memory, and a set 6 MB in every process.
    """
    return b"\n" + (Path(__file__).parent / "common_passwords.txt").read_bytes()


def require_readable(password: str) -> None:
    """Refuse a password, new or old, that is too long to look at.

    :raises PasswordTooLong: more than 1,024 characters.
    """
    if len(password) > MAX_LENGTH:
        raise PasswordTooLong(f"A password has at most {MAX_LENGTH} characters.")


class Judgement(NamedTuple):
    """What a person is told about a password before it is set."""

    # The rule that it breaks, and what that means.
    refusal: PasswordRefused | None
    # None while too many ask.
    strength: Strength | None


@dataclass(frozen=True)
class Policy:
    """The rules for a new password. None is about kinds of characters: those do not help."""

    min_length: int
    # What the service is called, if by another name than ours.
    called: str = OWN_NAME

    def require(self, password: str, email: str) -> None:
        """Accept ``password`` for the account of ``email``.

        :raises PasswordRefused: with the rule that it breaks, and advice.
        :raises PasswordTooLong: more than 1,024 characters.
        """
        refusal = self._refusal(password, email)
        if refusal:
            strength = estimate(password, email, OWN_NAME, self.called)
            advice = strength.suggestions[0] if strength and strength.suggestions else ""
            raise PasswordRefused(refusal.rule, refusal.why, advice)

    def judge(self, password: str, email: str) -> Judgement:
        """What ``require`` would say, and how strong the password is.

        :raises PasswordTooLong: more than 1,024 characters.
        """
        return Judgement(
            self._refusal(password, email), estimate(password, email, OWN_NAME, self.called)
        )

    def _refusal(self, password: str, email: str) -> PasswordRefused | None:
        require_readable(password)
        guess, name = password.casefold(), email.casefold()
        if len(password) < self.min_length:
            return PasswordRefused(
                "too_short", f"A password has at least {self.min_length} characters."
            )
        if "\n" not in guess and f"\n{guess}\n".encode("utf-8", "surrogatepass") in common():
            return PasswordRefused(
                "common", "This password is among those that leak most often; choose another."
            )
        if PATTERN.fullmatch(guess) or _is_run(guess):
            return PasswordRefused(
                "pattern",
                "A password is not a few characters again and again, or in a row; choose another.",
            )
        if guess in (name, name.partition("@")[0], OWN_NAME, self.called.casefold()):
            return PasswordRefused(
                "own_name",
                "A password is not the address or the name of the service; choose another.",
            )
        return None


def _is_run(guess: str) -> bool:
    """Whether each character follows the one before, up or down: abcdefgh, 87654321."""
    steps = {ord(later) - ord(earlier) for earlier, later in pairwise(guess)}
    return steps in ({1}, {-1})
