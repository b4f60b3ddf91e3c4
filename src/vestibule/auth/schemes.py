"""How passwords are hashed today, and which hashes of other days and other software are read.

What is stored says how it was made, and what it costs to check. A row may come from another
program, or from a hand that slipped: a hash that is malformed, marked as unusable (``!``), or
dearer than any that careful software makes is nobody's password. It is never an error, and never
hours of work.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode
from binascii import unhexlify
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, VerifyMismatchError
from argon2.low_level import Type

# bcrypt reads this many bytes and no more; its library raises above them.
BCRYPT_BYTES = 72
BCRYPT_COST = 12
# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
ARGON2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)

# The most that a stored hash may cost to check: about a second, and 256 MiB.
MOST_BCRYPT_COST = 15
MOST_ROUNDS = 3_000_000
# In KiB, in KiB times passes, and in threads.
MOST_ARGON2_MEMORY, MOST_ARGON2_WORK, MOST_LANES = 256 * 1024, 1024 * 1024, 16
# N times r times p, in blocks of 128 bytes.
MOST_SCRYPT_WORK = 2**21


class Scheme(Protocol):
    """One way to hash a password."""

    # A hash that no password has, and that costs as much to check as a real one.
    dummy: str

    def hash(self, password: str) -> str:
        """A salted hash of ``password``, all of it."""

    def weak(self, hashed: str) -> bool:
        """Whether ``hashed`` is of other software, or costs an attacker less than one of today."""


class Argon2id:
    """What the strict profile hashes with (RFC 9106)."""

    dummy = f"$argon2id$v=19$m={ARGON2.memory_cost},t=2,p=1${'A' * 22}${'A' * 43}"

    def hash(self, password: str) -> str:
        """An argon2id hash in PHC string format."""
        return ARGON2.hash(password)

    def weak(self, hashed: str) -> bool:
        """Whether ``hashed`` is of another scheme, or of less memory or fewer passes."""
        if not hashed.startswith("$argon2id$v=19$"):
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
        import bcrypt  # noqa: PLC0415 - see _bcrypt.

        return bcrypt.hashpw(secret, bcrypt.gensalt(BCRYPT_COST)).decode()

    def weak(self, hashed: str) -> bool:
        """Whether ``hashed`` is of a scheme of other software, or bcrypt of a lower cost."""
        if hashed.startswith("$2"):
            return int(hashed[4:6]) < BCRYPT_COST
        return not hashed.startswith("$argon2id$")


def verify(password: str, hashed: str) -> bool | None:
    """Whether ``hashed``, of whichever scheme, is of ``password``.

    ``None`` is a no without any work: ``hashed`` is nothing that a password could have.
    """
    for shape in SHAPES:
        found = shape.pattern.fullmatch(hashed)
        if found:
            try:
                return shape.opens(password.encode(), found.groupdict(), shape)
            except (ValueError, Argon2Error):
                return None
    return None


Parts = dict[str, str]


class Shape(NamedTuple):
    """One way in which a hash is written down."""

    pattern: re.Pattern[str]
    opens: Callable[[bytes, Parts, Shape], bool]
    # What the texts of salt and key stand for, where the library does not read them by itself.
    salt: Callable[[str], bytes] = str.encode
    key: Callable[[str], bytes] = str.encode


def _argon2(secret: bytes, parts: Parts, _: Shape) -> bool:
    memory = _bounded(parts["memory"], MOST_ARGON2_MEMORY)
    _bounded(parts["passes"], MOST_ARGON2_WORK // memory)
    _bounded(parts["lanes"], MOST_LANES)
    try:
        return ARGON2.verify(parts["whole"], secret)
    except VerifyMismatchError:
        return False


def _bcrypt(secret: bytes, parts: Parts, _: Shape) -> bool:
    import bcrypt  # noqa: PLC0415 - memory, only where an account has such a hash.

    _bounded(parts["cost"], MOST_BCRYPT_COST)
    # A longer password is wrong, but takes as long to refuse as any other.
    matches = bcrypt.checkpw(secret[:BCRYPT_BYTES], parts["whole"].encode())
    return matches and len(secret) <= BCRYPT_BYTES


def _bcrypt_sha256(secret: bytes, parts: Parts, shape: Shape) -> bool:
    return _bcrypt(hashlib.sha256(secret).hexdigest().encode(), parts, shape)


def _pbkdf2(secret: bytes, parts: Parts, shape: Shape) -> bool:
    rounds, key = _bounded(parts["rounds"], MOST_ROUNDS), shape.key(parts["key"])
    algorithm = parts["digest"] or "sha1"
    # A shorter key would be easier to hit by chance; of a longer one each block costs anew.
    if len(key) != hashlib.new(algorithm).digest_size:
        raise ValueError("key")
    made = hashlib.pbkdf2_hmac(algorithm, secret, shape.salt(parts["salt"]), rounds)
    return hmac.compare_digest(made, key)


def _scrypt(secret: bytes, parts: Parts, shape: Shape) -> bool:
    # passlib writes the logarithm.
    n = 2 ** _bounded(parts["log_n"], 21) if "log_n" in parts else _bounded(parts["n"], 2**21)
    r = _bounded(parts["r"], MOST_SCRYPT_WORK // n)
    p = _bounded(parts["p"], MOST_SCRYPT_WORK // (n * r))
    key, salt = shape.key(parts["key"]), shape.salt(parts["salt"])
    # RFC 7914: N + p blocks of 128 * r bytes; OpenSSL wants to be allowed a little more.
    memory = 128 * r * (n + p + 8)
    made = hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, dklen=len(key), maxmem=memory)
    return hmac.compare_digest(made, key)


def _bounded(text: str, most: int) -> int:
    number = int(text)
    if not 0 < number <= most:
        raise ValueError(f"not between 1 and {most}")
    return number


def _base64(text: str) -> bytes:
    """Base64 with or without padding, and as passlib writes it: with dots in place of plusses."""
    bare = text.replace(".", "+").rstrip("=")
    return b64decode(bare + "=" * (-len(bare) % 4), validate=True)


BCRYPT = r"(?P<whole>\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53})"
ARGON = (
    r"(?P<whole>\$argon2(?:id|i|d)(?:\$v=(?:16|19))?"
    r"\$m=(?P<memory>[0-9]{1,9}),t=(?P<passes>[0-9]{1,9}),p=(?P<lanes>[0-9]{1,9})"
    r"\$[A-Za-z0-9+/]{11,88}\$[A-Za-z0-9+/]{22,88})"
)
SALT, ROUNDS = r"(?P<salt>[^$]+)", r"(?P<rounds>[0-9]{1,9})"
N, R, P = r"(?P<n>[0-9]{1,9})", r"(?P<r>[0-9]{1,9})", r"(?P<p>[0-9]{1,9})"
# Of 16 to 64 bytes: an empty key would be everybody's.
HEX, BASE64 = r"(?P<key>[0-9a-f]{32,128})", r"(?P<key>[A-Za-z0-9+/.]{22,86}={0,2})"


def _shape(pattern: str, opens: Callable[[bytes, Parts, Shape], bool], *texts: Any) -> Shape:
    return Shape(re.compile(pattern), opens, *texts)


SHAPES = (
    # As the libraries write them, and Django, which puts a name before them.
    _shape(rf"(?:argon2)?{ARGON}", _argon2),
    _shape(rf"(?:bcrypt\$)?{BCRYPT}", _bcrypt),
    # Django.
    _shape(rf"bcrypt_sha256\${BCRYPT}", _bcrypt_sha256),
    _shape(
        rf"pbkdf2_(?P<digest>sha1|sha256)\${ROUNDS}\${SALT}\${BASE64}",
        _pbkdf2,
        str.encode,
        _base64,
    ),
    _shape(rf"scrypt\${N}\${SALT}\${R}\${P}\${BASE64}", _scrypt, str.encode, _base64),
    # Werkzeug.
    _shape(
        rf"pbkdf2:(?P<digest>sha1|sha256|sha512):{ROUNDS}\${SALT}\${HEX}",
        _pbkdf2,
        str.encode,
        unhexlify,
    ),
    _shape(rf"scrypt:{N}:{R}:{P}\${SALT}\${HEX}", _scrypt, str.encode, unhexlify),
    # passlib.
    _shape(
        rf"\$pbkdf2(?:-(?P<digest>sha256|sha512))?\${ROUNDS}\${SALT}\${BASE64}",
        _pbkdf2,
        _base64,
        _base64,
    ),
    _shape(
        rf"\$scrypt\$ln=(?P<log_n>[0-9]{{1,2}}),r={R},p={P}\${SALT}\${BASE64}",
        _scrypt,
        _base64,
        _base64,
    ),
)
