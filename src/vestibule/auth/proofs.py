"""What a session proved, in the words of RFC 8176; ``rc``, a recovery code, is a word of ours."""

from __future__ import annotations

PASSWORD, ONE_TIME_CODE, RECOVERY_CODE, SEVERAL = "pwd", "otp", "rc", "mfa"
# A key that somebody has; and that its authenticator knew them, by a finger, a face or a PIN.
PASSKEY, VERIFIED = "pop", "user"


def amr(*shown: str) -> str:
    """The words for what was shown, as they are stored; with ``mfa`` if it is two factors."""
    words = {*shown, *([SEVERAL] if len(set(shown)) > 1 else [])}
    return " ".join(sorted(words))


def words_of(stored: str | None) -> list[str]:
    """The words of what is stored; a session from before there were any showed a password."""
    return (PASSWORD if stored is None else stored).split()


def also(stored: str | None, *more: str) -> str:
    """The words of a session that has shown more than before."""
    return amr(*(set(words_of(stored)) - {SEVERAL}), *more)
