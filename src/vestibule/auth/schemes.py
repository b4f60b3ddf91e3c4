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
from base64 import b64decode, b64encode
from binascii import unhexlify
from collections.abc import Callable
from secrets import token_bytes
from typing import Any, NamedTuple, Protocol

from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2ID13
from nacl.exceptions import RuntimeError as SodiumError

# bcrypt reads this many bytes and no more; its library raises above them.
BCRYPT_BYTES = 72
BCRYPT_COST = 12


class Argon2Cost(NamedTuple):
    """What an argon2id hash of one lane costs."""

    # In KiB.
    memory: int
    passes: int

    def __str__(self) -> str:
        """As it stands in a hash, after what says that it is one of argon2id."""
        return f"m={self.memory},t={self.passes},p=1"


# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
ARGON2 = Argon2Cost(memory=19 * 1024, passes=2)
# Bytes: RFC 9106, 3.1 and 4.
SALT_BYTES, KEY_BYTES = 16, 32

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

    dummy = f"$argon2id$v=19${ARGON2}${'A' * 22}${'A' * 43}"

    def hash(self, password: str) -> str:
        """An argon2id hash in PHC string format.

        :raises MemoryError: the system has none left.
        """
        salt = token_bytes(SALT_BYTES)
        key = _argon2id_key(password.encode(), salt, ARGON2, KEY_BYTES)
        return f"$argon2id$v=19${ARGON2}${_phc(salt)}${_phc(key)}"

    def weak(self, hashed: str) -> bool:
        """Whether ``hashed`` is of another scheme, or of less memory or fewer passes."""
        found = re.match(r"\$argon2id\$v=19\$m=([0-9]+),t=([0-9]+),", hashed)
        if not found:
            return True
        memory, passes = map(int, found.groups())
        return memory < ARGON2.memory or passes < ARGON2.passes


class Bcrypt:
    """What the classic profile hashes with, as the exercise asks."""

    dummy = f"$2b${BCRYPT_COST}${'.' * 53}"

    def hash(self, password: str) -> str:
        """A bcrypt hash; argon2id where bcrypt would not read all of the password."""
        secret = password.encode()
        if len(secret) > BCRYPT_BYTES:
            return Argon2id().hash(password)
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

    :raises MemoryError: the system has none left.
    """
    for shape in SHAPES:
        found = shape.pattern.fullmatch(hashed)
        if found:
            try:
                return shape.opens(password.encode(), found.groupdict(), shape)
            except ValueError:
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


def _argon2id(secret: bytes, parts: Parts, shape: Shape) -> bool:
    salt, key = shape.salt(parts["salt"]), shape.key(parts["key"])
    return hmac.compare_digest(_argon2id_key(secret, salt, _argon2_cost(parts), len(key)), key)


def _argon2id_key(secret: bytes, salt: bytes, cost: Argon2Cost, length: int) -> bytes:
    """What argon2id makes of a secret, with one lane and 16 bytes of salt: by libsodium.

    It looks which instructions this processor has. argon2-cffi, built for those that each has, is
    a third slower: docs/decisions/0021-argon2id-by-libsodium.md.
    """
    memory, variant = cost.memory * 1024, crypto_pwhash_ALG_ARGON2ID13
    try:
        return crypto_pwhash_alg(length, secret, salt, cost.passes, memory, variant)
    except SodiumError:
        # All that is left to fail: costs and lengths that it refuses are a ValueError.
        raise MemoryError from None


def _argon2(secret: bytes, parts: Parts, _: Shape) -> bool:
    """Whatever argon2 libsodium does not do: by argon2-cffi."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - memory, as with bcrypt.
    from argon2.exceptions import Argon2Error, VerifyMismatchError  # noqa: PLC0415

    _argon2_cost(parts)
    _bounded(parts["lanes"], MOST_LANES)
    try:
        return PasswordHasher().verify(parts["whole"], secret)
    except VerifyMismatchError:
        return False
    except Argon2Error as malformed:
        raise ValueError("argon2") from malformed


def _argon2_cost(parts: Parts) -> Argon2Cost:
    memory = _bounded(parts["memory"], MOST_ARGON2_MEMORY)
    return Argon2Cost(memory, _bounded(parts["passes"], MOST_ARGON2_WORK // memory))


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


def _phc(value: bytes) -> str:
    """Base64 as the PHC string format has it: without padding."""
    return b64encode(value).rstrip(b"=").decode()


def _of_phc(text: str) -> bytes:
    """What :func:`_phc` wrote; a text that it would not write stands for nothing."""
    value = _base64(text)
    if _phc(value) != text:
        raise ValueError("base64")
    return value


BCRYPT = r"(?P<whole>\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53})"
# Argon2's own numbers begin with no zero.
COST = r"\$m=(?P<memory>[1-9][0-9]{0,8}),t=(?P<passes>[1-9][0-9]{0,8})"
ARGON2ID = (
    rf"\$argon2id\$v=19{COST},p=1"
    r"\$(?P<salt>[A-Za-z0-9+/]{22})\$(?P<key>[A-Za-z0-9+/]{22,88})"
)
ARGON2_ANY = (
    rf"(?P<whole>\$argon2(?:id|i|d)(?:\$v=(?:16|19))?{COST},p=(?P<lanes>[1-9][0-9]{{0,8}})"
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
    _shape(rf"(?:argon2)?{ARGON2ID}", _argon2id, _of_phc, _of_phc),
    _shape(rf"(?:argon2)?{ARGON2_ANY}", _argon2),
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
