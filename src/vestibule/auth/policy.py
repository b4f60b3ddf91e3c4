"""Which passwords are accepted for new (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS 6.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from vestibule.auth.errors import PasswordRefused, PasswordTooLong

# Long enough for any passphrase or manager, short enough that reading it costs nothing.
MAX_LENGTH = 1024
# The 40,000 passwords that leak most often, in lower case, a line each: those that Django (BSD
# licence) and zxcvbn (MIT licence) know. Kept as one text: a search takes 30 microseconds, a set
# 6 MB in every process.
COMMON = f"\n{(Path(__file__).parent / 'common_passwords.txt').read_text(encoding='utf-8')}"
# One to four characters, over and over: aaaaaaaa, abcabcabc. Lists hold only some of them.
PATTERN = re.compile(r"(.{1,4}?)\1+", re.DOTALL)
OWN_NAME = "vestibule"


def require_readable(password: str) -> None:
    """Refuse a password, new or old, that is too long to look at.

    :raises PasswordTooLong: more than 1,024 characters.
    """
    if len(password) > MAX_LENGTH:
        raise PasswordTooLong(f"A password has at most {MAX_LENGTH} characters.")


@dataclass(frozen=True)
class Policy:
    """The rules for a new password. None is about kinds of characters: those do not help."""

    min_length: int

    def require(self, password: str, email: str) -> None:
        """Accept ``password`` for the account of ``email``.

        :raises PasswordRefused: with the rule that it breaks.
        :raises PasswordTooLong: more than 1,024 characters.
        """
        require_readable(password)
        if len(password) < self.min_length:
            raise PasswordRefused(f"A password has at least {self.min_length} characters.")
        guess = password.casefold()
        if "\n" not in guess and f"\n{guess}\n" in COMMON:
            raise PasswordRefused(
                "This password is among those that leak most often; choose another."
            )
        if PATTERN.fullmatch(guess) or _is_run(guess):
            raise PasswordRefused(
                "A password is not a few characters again and again, or in a row; choose another."
            )
        name = email.casefold()
        if guess in (name, name.partition("@")[0], OWN_NAME):
            raise PasswordRefused(
                "A password is not the address or the name of the service; choose another."
            )


def _is_run(guess: str) -> bool:
    """Whether each character follows the one before, up or down: abcdefgh, 87654321."""
    steps = {ord(later) - ord(earlier) for earlier, later in pairwise(guess)}
    return steps in ({1}, {-1})
