"""Hashes of passwords, random secrets and their digests."""

from __future__ import annotations

import ctypes
import hashlib
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar
from uuid import UUID

import bcrypt
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

# bcrypt reads this many bytes and no more; its library raises above them.
BCRYPT_BYTES = 72
BCRYPT_COST = 12
# Of the threads that hash; 0 is everybody else's, 19 the most that can be given way.
NICE = 10
Result = TypeVar("Result", bool, str)
# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
ARGON2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)


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


class Scheme(Protocol):
    """One way to hash a password."""

    # A hash that no password has, and that costs as much to check as a real one.
    dummy: str

    def hash(self, password: str) -> str:
        """A salted hash of ``password``, all of it."""

    def weak(self, hashed: str) -> bool:
        """Whether ``hashed`` costs an attacker less than a hash made today."""


class Argon2id:
    """What the strict profile hashes with (RFC 9106)."""

    dummy = f"$argon2id$v=19$m={ARGON2.memory_cost},t=2,p=1${'A' * 22}${'A' * 43}"

    def hash(self, password: str) -> str:
        """An argon2id hash in PHC string format."""
        return ARGON2.hash(password)

    def weak(self, hashed: str) -> bool:
        """Whether ``hashed`` is of another scheme, or of less memory or fewer passes."""
        if not hashed.startswith("$argon2id$"):
            return True
        cost = extract_parameters(hashed)
        return cost.memory_cost < ARGON2.memory_cost or cost.time_cost < ARGON2.time_cost


class Bcrypt:
    """What the classic profile hashes with, as the exercise asks."""

    dummy = f"$2b${BCRYPT_COST}${'.' * 53}"

    def hash(self, password: str) -> str:
        """A bcrypt hash; argon2id where bcrypt would not read all of the password."""
        secret = password.encode()
        if len(secret) > BCRYPT_BYTES:
            return ARGON2.hash(password)
        return bcrypt.hashpw(secret, bcrypt.gensalt(BCRYPT_COST)).decode()

    def weak(self, hashed: str) -> bool:
        """Whether ``hashed`` is a bcrypt hash of a lower cost."""
        return hashed.startswith("$2") and int(hashed[4:6]) < BCRYPT_COST


class Hasher:
    """Hashes and checks passwords on ``slots`` threads of its own.

    Not on the callers' threads: the allocator keeps argon2id's 19 MiB for each thread that ever
    used them. And with lower priority than theirs (on Linux, a thread has its own nice value):
    a storm of logins must not slow down who is logged in already.
    """

    def __init__(self, scheme: Scheme, slots: int) -> None:
        self._scheme = scheme
        self._threads = ThreadPoolExecutor(slots, "hash", initializer=_stand_back)
        self._busy = self._holds_memory = False

    def hash(self, password: str) -> str:
        """A hash of ``password`` by today's scheme."""
        return self._run(self._scheme.hash, password)

    def verify(self, password: str, hashed: str | None) -> bool:
        """Whether ``hashed``, of whichever scheme, is of ``password``.

        ``None`` is nobody's hash: the answer is no, after the same work.
        """
        return self._run(_verify, password, hashed or self._scheme.dummy)

    def weak(self, hashed: str) -> bool:
        """Whether ``hashed`` should be replaced now that its password is known."""
        return self._scheme.weak(hashed)

    def rest(self) -> None:
        """Give memory back to the system, if no hash was asked for since the last call.

        While there are hashes to compute the allocator keeps it: taking 19 MiB from the system
        anew each time would make a hash a quarter slower.
        """
        if self._holds_memory and not self._busy:
            self._holds_memory = False
            _trim()
        self._busy = False

    def _run(self, work: Callable[..., Result], *values: str) -> Result:
        self._busy = self._holds_memory = True
        return self._threads.submit(work, *values).result()


def _stand_back() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def _trim() -> None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own.
    if trim:
        trim(0)


def _verify(password: str, hashed: str) -> bool:
    if hashed.startswith("$2"):
        secret = password.encode()
        try:
            # A longer password is wrong, but takes as long to refuse as any other.
            matches = bcrypt.checkpw(secret[:BCRYPT_BYTES], hashed.encode())
        except ValueError:  # Not a hash at all, so nobody's password.
            return False
        return matches and len(secret) <= BCRYPT_BYTES
    try:
        return ARGON2.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
