"""A software authenticator: it makes and shows passkeys, and can forge each of their fields."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.secrecy import remember

# Of authenticator data (WebAuthn section 6.1): present, known, may be backed up, is, has a key.
UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
Sent = dict[str, Any]
# What was signed and its signature, changed on the way.
Tamper = Callable[[bytes, bytes, bytes], tuple[bytes, bytes, bytes]]


def b64(plain: bytes) -> str:
    """Base64url without padding, as browsers write it."""
    return urlsafe_b64encode(plain).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """The bytes that browsers write so."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_pair() -> ec.EllipticCurvePrivateKey:
    """A key pair for ES256."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class SoftPasskey:
    """One passkey, and the browser that it is used in. It counts its uses, if it is told to."""

    origin: str = "http://localhost:5000"
    domain: str = "localhost"
    counts: bool = False
    key: ec.EllipticCurvePrivateKey = field(default_factory=key_pair)
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: str | None = None
    count: int = 0

    def create(self, options: Sent, flags: int = UP | UV | AT, **forged: Any) -> Sent:
        """What a browser answers to ``navigator.credentials.create``, in JSON.

        :param forged: ``raw_id``, ``rp``, or members of the client data.
        """
        self.handle = options["user"]["id"]
        named = b64(forged.pop("raw_id", self.id))
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + self.cose()
        data = self.data(flags, forged.pop("rp", self.domain), self.count) + attested
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self.client("webauthn.create", options["challenge"], forged)
        return {
            "id": named,
            "rawId": named,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(client),
                "attestationObject": b64(made),
                "transports": ["internal", "hybrid"],
            },
        }

    def get(
        self, options: Sent, flags: int = UP | UV, tamper: Tamper | None = None, **forged: Any
    ) -> Sent:
        """What a browser answers to ``navigator.credentials.get``, in JSON.

        :param forged: ``raw_id``, ``rp``, ``count``, ``key``, ``handle``, or members of the client
            data.
        """
        self.count += self.counts
        named = b64(forged.pop("raw_id", self.id))
        handle = forged.pop("handle", self.handle)
        key = forged.pop("key", self.key)
        data = self.data(flags, forged.pop("rp", self.domain), forged.pop("count", self.count))
        client = self.client("webauthn.get", options["challenge"], forged)
        signature = key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        if tamper:
            data, client, signature = tamper(data, client, signature)
        return {
            "id": named,
            "rawId": named,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(data),
                "signature": b64(signature),
                "userHandle": handle,
            },
        }

    def client(self, kind: str, challenge: str, forged: Sent) -> bytes:
        """What a browser says that it was asked."""
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told | forged).encode()

    def data(self, flags: int, rp: str, count: int) -> bytes:
        """What an authenticator says of itself."""
        return hashlib.sha256(rp.encode()).digest() + struct.pack(">BI", flags, count)

    def cose(self) -> bytes:
        """The public half of the key (RFC 9053 section 7.1)."""
        numbers = self.key.public_key().public_numbers()
        point = (numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
        return bytes(cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point[0], -3: point[1]}))


class Made(NamedTuple):
    """A passkey of an account, its public id, and the codes that came with it."""

    passkey: SoftPasskey
    public_id: str
    recovery_codes: list[str]


def offered(client: FlaskClient) -> Sent:
    """What a browser makes a passkey of, and the ticket, which must be had."""
    answer = client.post("/factors/passkeys/challenge")
    assert answer.status_code == 200, answer.text
    made: Sent = answer.get_json()
    return made


def asked(client: FlaskClient, purpose: str = "login") -> Sent:
    """What a browser is asked to sign, and the ticket, which must be had."""
    answer = client.post("/sessions/passkey/challenge", json={"purpose": purpose})
    assert answer.status_code == 200, answer.text
    made: Sent = answer.get_json()
    return made


def add(client: FlaskClient, name: str = "", **given: Any) -> Made:
    """Add a passkey to the account of who is logged in, which must work."""
    passkey, asked_for = SoftPasskey(**given), offered(client)
    credential = passkey.create(asked_for["publicKey"])
    sent = {"ticket": asked_for["ticket"], "name": name, "credential": credential}
    answer = client.post("/factors/passkeys", json=sent)
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    return Made(passkey, told["id"], [remember(each) for each in told["recovery_codes"] or []])


def show(
    client: FlaskClient, passkey: SoftPasskey, purpose: str = "login", **forged: Any
) -> TestResponse:
    """Ask for a challenge, sign it, and show it."""
    asked_for = asked(client, purpose)
    credential = passkey.get(asked_for["publicKey"], **forged)
    return hand_in(client, asked_for["ticket"], credential)


def hand_in(client: FlaskClient, ticket: str, credential: Sent) -> TestResponse:
    """Show what was signed."""
    return client.post("/sessions/passkey", json={"ticket": ticket, "credential": credential})
