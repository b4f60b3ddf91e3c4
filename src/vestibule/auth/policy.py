"""Which passwords are accepted for new (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS 6.2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vestibule.auth.errors import PasswordRefused, PasswordTooLong

# Long enough for any passphrase or manager, short enough that reading it costs nothing.
MAX_LENGTH = 1024
# The 30,000 passwords that leak most often, in lower case, a line each, as the MIT-licensed
# zxcvbn ranks them. Kept as one text: a search takes 20 microseconds, a set 4 MB a process.
COMMON = f"\n{(Path(__file__).parent / 'common_passwords.txt').read_text(encoding='utf-8')}"
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
        name = email.casefold()
        if guess in (name, name.partition("@")[0], OWN_NAME):
            raise PasswordRefused(
                "A password is not the address or the name of the service; choose another."
            )
