"""Two libraries compute argon2: of each other's hashes, and of mangled ones, they say the same."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, VerifyMismatchError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vestibule.auth.schemes import Argon2id, verify

PASSWORD = "marzipan at noon"
PASSWORDS = [
    "",
    "\0",
    "marzipan\0",
    "marzipan\0at noon",
    PASSWORD,
    "m\u00e4rzipan",
    "ma\u0308rzipan",
    "marzipan" * 9,
    "marzipan" * 9 + "!",
    "marzipan" * 128,
    # The longest that is taken, and the most bytes that it can have.
    "\U0001f36c" * 1024,
    *("marzipan"[: n % 9] + "x" * n for n in range(1, 200, 17)),
]
CHEAP = "$argon2id$v=19$m=8,t=1,p=1$"
SALT, KEY = "c29tZXNhbHRzb21lc2FsdA", "A" * 43
# What the numbers, the salt or the key of a hash may look like to a reader who is too kind.
SLIPPED = {
    "a zero before the memory": f"$argon2id$v=19$m=08,t=1,p=1${SALT}${KEY}",
    "a zero before the passes": f"$argon2id$v=19$m=8,t=01,p=1${SALT}${KEY}",
    "no passes": f"$argon2id$v=19$m=8,t=0,p=1${SALT}${KEY}",
    "less memory than there can be": f"$argon2id$v=19$m=7,t=1,p=1${SALT}${KEY}",
    "bits after the salt": f"{CHEAP}{SALT[:-1]}B${KEY}",
    "bits after the key": f"{CHEAP}{SALT}${KEY[:-1]}B",
    "a key of no whole bytes": f"{CHEAP}{SALT}${'A' * 45}",
    "padding": f"{CHEAP}{SALT}${KEY}=",
    "base64 of addresses": f"{CHEAP}{SALT}${KEY[:-1]}_",
    "a line's end": f"{CHEAP}{SALT}${KEY}\n",
}
# A hash is asked for when there is memory, when there is none left, and when there is again.
WITHOUT_MEMORY = """
import re, resource
from datetime import timedelta
from pathlib import Path
from vestibule.auth.errors import Busy
from vestibule.auth.hashing import Hasher
from vestibule.auth.schemes import Argon2id

hasher = Hasher(Argon2id(), 1, timedelta(seconds=60))
hashed = hasher.hash("marzipan")
taken = int(re.search(r"VmSize:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
_, most = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (taken + 4 * 2**20, most))
for ask in (lambda: hasher.hash("marzipan"), lambda: hasher.verify("marzipan", hashed)):
    try:
        print(ask())
    except Busy as refusal:
        print(refusal.code)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
print(hasher.verify("marzipan", hashed))
"""


@pytest.fixture
def hashes() -> None:
    """The real price of every hash: this file is about it."""


def argon2_cffi_says(password: str, hashed: str) -> bool | None:
    """As :func:`verify` does, by that library alone."""
    try:
        return PasswordHasher().verify(hashed, password)
    except VerifyMismatchError:
        return False
    except (ValueError, Argon2Error):
        return None


@pytest.mark.parametrize("password", PASSWORDS, ids=lambda password: f"{len(password)}")
def test_each_opens_what_the_other_made(password: str) -> None:
    ours, theirs = Argon2id().hash(password), PasswordHasher(2, 64, 1).hash(password)
    assert argon2_cffi_says(password, ours) is True
    assert verify(password, theirs) is True
    assert verify(password + "\0", theirs) is False


@pytest.mark.parametrize("length", [16, 17, 24, 32, 64, 66])
@pytest.mark.parametrize("salt", [8, 15, 16, 17, 64])
def test_salts_and_keys_of_other_lengths_open_too(salt: int, length: int) -> None:
    theirs = PasswordHasher(1, 8, 1, hash_len=length, salt_len=salt).hash(PASSWORD)
    assert verify(PASSWORD, theirs) is True
    assert verify("marzipan", theirs) is False


def test_what_is_stored_is_written_as_ever() -> None:
    form = r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}"
    assert re.fullmatch(form, Argon2id().hash(PASSWORD))


def test_a_password_that_is_no_text_has_no_hash() -> None:
    assert verify("marzipan\udc80", Argon2id().hash("marzipan")) is None


@pytest.mark.parametrize("what", SLIPPED)
def test_a_slip_in_a_hash_makes_it_nobodys_at_once(what: str) -> None:
    assert verify(PASSWORD, SLIPPED[what]) is None
    assert argon2_cffi_says(PASSWORD, SLIPPED[what]) is None


@given(st.integers(0, 95), st.text(alphabet="$=,-019AQgw+/mtpid", min_size=1, max_size=2))
@settings(max_examples=300, derandomize=True, deadline=None, database=None)
def test_of_a_mangled_hash_both_say_the_same(at: int, noise: str) -> None:
    made = PasswordHasher(1, 8, 1).hash(PASSWORD, salt=b"sixteen of salt!")
    mangled = (made[:at] + noise + made[at + len(noise) :])[: len(made)]
    # Of other versions and lanes the same library is asked, or none.
    assume("$v=19$" in mangled and ",p=1$" in mangled)
    assert verify(PASSWORD, mangled) == argon2_cffi_says(PASSWORD, mangled)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit memory in other ways")
def test_who_cannot_have_memory_for_a_hash_is_asked_to_come_again() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_MEMORY], capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.split() == ["busy", "busy", "True"], ran.stderr
