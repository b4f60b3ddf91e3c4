"""Ten codes on paper for the day that the telephone is gone, each good once.

120 random bits: above the 112 from which OWASP ASVS 6.5.2 lets a plain digest stand in for a code,
and too many to guess, so that no limit of the account has to shut this way, whatever strangers do.
"""

from __future__ import annotations

import secrets
from base64 import b32encode

from vestibule.auth.crypto import digest
from vestibule.db import Transaction
from vestibule.user import User

MANY, BYTES, GROUP = 10, 15, 4
# Crockford's: without I, L, O and U. What people write instead is read as what it looks like.
RFC_4648, CROCKFORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SPELLED = str.maketrans(RFC_4648, CROCKFORD)
READ = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None})
LENGTH = BYTES * 8 // 5


def replace(tx: Transaction, user: User) -> list[str]:
    """New codes for the user in the place of earlier ones; they are shown this once."""
    drawn = [b32encode(secrets.token_bytes(BYTES)).decode().translate(SPELLED) for _ in range(MANY)]
    tx.factors.replace_codes(user.id, [_digest(user, code) for code in drawn])
    starts = range(0, LENGTH, GROUP)
    return ["-".join(code[start : start + GROUP] for start in starts) for code in drawn]


def accept(tx: Transaction, user: User, text: str) -> bool:
    """Whether this is one of the user's codes, which is used up then."""
    code = "".join(text.split()).upper().translate(READ)
    if len(code) != LENGTH or not set(code) <= set(CROCKFORD):
        return False
    return tx.factors.spend_code(user.id, _digest(user, code))


def _digest(user: User, code: str) -> str:
    # Somebody else's code is nobody's.
    return digest(f"{user.pseudonym}\0{code}")
