"""What the service's secret keys are for: signing what others keep, sealing what it keeps itself.

Each purpose has keys of its own, derived from the secret ones: what was signed or sealed for one
purpose is nothing for another. The newest key signs and seals; the older ones still read, so that
what was made before a rotation stays good.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from vestibule.auth.key_file import KeyFile
from vestibule.config import BadSetting, Settings, parse_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# Of AES-GCM (NIST SP 800-38D): random ones are safe for four thousand million of a key.
NONCE_BYTES = 12


class BadSeal(Exception):
    """What was to be unsealed was changed, sealed for something else, or by a key that is gone."""


@dataclass(frozen=True)
class Keys:
    """The secret keys, newest first."""

    _current: Callable[[], tuple[bytes, ...]]
    # None where the operator keeps the keys, and the service only reads them.
    file: KeyFile | None

    @classmethod
    def open(cls, settings: Settings) -> Keys:
        """The operator's keys if the settings have some, else those of the data directory.

        :raises BadSetting: they cannot be read, or others may read them.
        """
        if settings.secret_key:
            given = parse_keys(settings.secret_key.get_secret_value())
            return cls(lambda: given, None)
        file = KeyFile.open(settings.data)
        return cls(file, file)

    def fingerprints(self) -> list[str]:
        """What tells the keys apart and gives nothing of them away, newest first."""
        return [_fingerprint(key) for key in self._current()]

    def rotate(self) -> None:
        """Add a new key, for all that is signed and sealed from now on.

        :raises BadSetting: the operator keeps the keys, or the file cannot be written.
        """
        if self.file is None:
            raise BadSetting(
                "The secret keys come from VESTIBULE_SECRET_KEY or VESTIBULE_SECRET_KEY_FILE, "
                "which is yours to change: put a new key on a line before the others, and restart"
                " every node."
            )
        self.file.rotate()

    def sign(self, purpose: str, text: str) -> str:
        """``text`` and a signature, for somebody to keep who may read but not change it."""
        return self._signer("sign", purpose).sign(text).decode()

    def unsign(self, purpose: str, signed: str) -> str | None:
        """The text that was signed for this purpose, or ``None`` if this is not such a thing."""
        try:
            text = self._signer("sign", purpose).unsign(signed).decode()
            signature = signed.rpartition(".")[2]
            # Base64 can write the same bytes in four ways; we wrote them in one.
            canonical = base64_encode(base64_decode(signature)).decode() == signature
        except (BadData, UnicodeError):
            return None
        return text if canonical else None

    def mac(self, purpose: str, text: str) -> str:
        """The signature alone: 43 characters that nobody makes who has no key."""
        return self.macs(purpose)(text)

    def macs(self, purpose: str) -> Callable[[str], str]:
        """What makes many of them, with the key that is the newest now."""
        signer = self._signer("mac", purpose)
        sign, key = signer.algorithm.get_signature, signer.derive_key()
        return lambda text: base64_encode(sign(key, text.encode())).decode()

    def made(self, purpose: str, text: str, mac: str) -> bool:
        """Whether ``mac`` is of ``text`` and this purpose, by any of the keys."""
        return self._signer("mac", purpose).verify_signature(text, mac)

    def seal(self, purpose: str, plain: bytes, *, context: str = "") -> str:
        """``plain``, encrypted: AES-256-GCM (NIST SP 800-38D).

        :param context: whose it is, such as a user's number: it opens in the same one only.
        """
        key, nonce = self._current()[0], secrets.token_bytes(NONCE_BYTES)
        sealed = _cipher(key, purpose).encrypt(nonce, plain, context.encode())
        return f"{_fingerprint(key)}.{base64_encode(nonce + sealed).decode()}"

    def unseal(self, purpose: str, sealed: str, *, context: str = "") -> bytes:
        """What was sealed for this purpose, in this context.

        :raises BadSeal: it was not, or it was changed, or its key is gone.
        """
        name, _, body = sealed.partition(".")
        key = next((key for key in self._current() if _fingerprint(key) == name), None)
        if key is None:
            raise BadSeal(f"It was sealed with the key {name[:16]}, which is not here.")
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as below.

        try:
            raw = base64_decode(body)
            nonce, rest = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
            return _cipher(key, purpose).decrypt(nonce, rest, context.encode())
        except (BadData, InvalidTag, ValueError):
            raise BadSeal("It was changed, or sealed for something else.") from None

    def _signer(self, kind: str, purpose: str) -> Signer:
        # The library wants the oldest first.
        keys = self._current()[::-1]
        salt = f"vestibule.{kind}.{purpose}"
        return Signer(keys, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)


def _fingerprint(key: bytes) -> str:
    # A key of 256 random bits cannot be guessed from its digest.
    return hashlib.sha256(b"vestibule.fingerprint" + key).hexdigest()[:16]


def _cipher(key: bytes, purpose: str) -> AESGCM:
    # Four megabytes in every worker, for those alone that have something to seal.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    # RFC 5869: a key of its own for each purpose.
    derived = HKDF(SHA256(), length=32, salt=None, info=f"vestibule.seal.{purpose}".encode())
    return AESGCM(derived.derive(key))
