"""Random secrets and their digests."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID


def new_secret() -> str:
    """A fresh session id or token: 128 random bits in the shape of a UUID.

    A version-4 UUID has 122 of them; OWASP ASVS 7.2.3 asks for 128.
    """
    return str(UUID(bytes=secrets.token_bytes(16)))


def digest(secret: str) -> str:
    """What is stored in place of ``secret``: 64 hexadecimal digits of SHA-256.

    A secret of 128 random bits needs no slow hash: it cannot be guessed.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
