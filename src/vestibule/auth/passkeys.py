"""What authenticators send, checked (WebAuthn Level 3, by py_webauthn).

The library checks type, challenge, origin, relying party, presence, verification, and the
signature. Ours are what it leaves to whoever calls: that no other site framed the page, whose
passkey it is, and that no copy of it was used, which is found where it is stored. It is loaded
when somebody uses a passkey: seven megabytes.
"""

from __future__ import annotations

import ipaddress
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from vestibule.auth import cbor
from vestibule.auth.ceremonies import LIFETIME, Begun, Challenge
from vestibule.auth.crypto import digest
from vestibule.auth.errors import Refusal
from vestibule.auth.passkey_errors import PasskeyRefused, PasskeysUnavailable, WrongPasskey
from vestibule.config import Settings
from vestibule.user import Passkey, User

# EdDSA, ES256, RS256: what authenticators make, and nothing made up.
ALGORITHMS = -8, -7, -257
# Of what is said to lead to an authenticator, what browsers know (WebAuthn section 5.8.4).
TRANSPORTS = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "usb"})
# In bytes; a passkey is named with at most so many (WebAuthn section 4).
LONGEST_KEY, LONGEST_ID = 1500, 1023
MILLISECONDS = int(LIFETIME.total_seconds() * 1000)
# As a script and a browser write a key pair to each other.
Sent = dict[str, Any]


class Attested(NamedTuple):
    """A new passkey, as its authenticator tells of it."""

    credential: str
    public_key: str
    sign_count: int
    transports: str
    backed_up: bool

    @property
    def digest(self) -> str:
        """What names its row."""
        return digest(self.credential)


class Shown(NamedTuple):
    """A passkey that somebody seems to show, not checked yet."""

    # What names its row, if there is one.
    digest: str
    # Whose it is, as its authenticator remembers, if it does.
    handle: bytes | None


class Asserted(NamedTuple):
    """A passkey that somebody showed."""

    sign_count: int
    backed_up: bool
    # Whether its authenticator knew its user, and is two factors.
    verified: bool


@dataclass(frozen=True)
class Passkeys:
    """Passkeys for one domain, made and used on pages of one origin."""

    # None where there are none: browsers know passkeys for names alone, and want https for them.
    domain: str | None
    _origin: str
    # Under which name authenticators list the account, besides the address.
    _name: str | None

    @classmethod
    def of(cls, settings: Settings) -> Passkeys:
        """Those of the service that ``settings`` describe."""
        domain = settings.passkey_domain or domain_of(settings.origin)
        return cls(domain, settings.origin, settings.site_name)

    def creation(self, begun: Begun, user: User, own: Sequence[Passkey]) -> Sent:
        """What a browser makes a passkey of, in JSON (``parseCreationOptionsFromJSON``).

        :param own: those that the user has: none of them is made twice on one authenticator.
        :raises PasskeysUnavailable: browsers make none here.
        """
        import webauthn  # noqa: PLC0415 - as above.
        from webauthn.helpers import cose, structs  # noqa: PLC0415

        asked = webauthn.generate_registration_options(
            rp_id=self._domain(),
            rp_name=self._name or self._domain(),
            user_id=handle_of(user),
            user_name=user.email,
            user_display_name=user.email,
            challenge=begun.challenge,
            timeout=MILLISECONDS,
            exclude_credentials=[
                structs.PublicKeyCredentialDescriptor(id=_bytes(each.credential)) for each in own
            ],
            # To be found without an address, and to be two factors at once.
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            supported_pub_key_algs=[cose.COSEAlgorithmIdentifier(each) for each in ALGORITHMS],
        )
        return webauthn.helpers.options_to_json_dict(asked)

    def request(self, begun: Begun, own: Sequence[Passkey] = (), *, verified: bool) -> Sent:
        """What a browser looks for a passkey with, in JSON (``parseRequestOptionsFromJSON``).

        :param own: those of who is known already; nobody's: whichever there are.
        :param verified: whether the authenticator must know its user.
        :raises PasskeysUnavailable: browsers use none here.
        """
        import webauthn  # noqa: PLC0415 - as above.
        from webauthn.helpers import structs  # noqa: PLC0415

        needed = structs.UserVerificationRequirement
        asked = webauthn.generate_authentication_options(
            rp_id=self._domain(),
            challenge=begun.challenge,
            timeout=MILLISECONDS,
            allow_credentials=[_described(each) for each in own],
            user_verification=needed.REQUIRED if verified else needed.PREFERRED,
        )
        return webauthn.helpers.options_to_json_dict(asked)

    def attested(self, sent: Sent, challenge: Challenge) -> Attested:
        """The passkey that was made for this challenge.

        :raises PasskeyRefused: it was not made here, or its user was not known to it.
        """
        import webauthn  # noqa: PLC0415 - as above.
        from webauthn.helpers import cose  # noqa: PLC0415

        with _refusing(PasskeyRefused()):
            _require_plain_attestation(sent)
            made = webauthn.verify_registration_response(
                credential=sent,
                expected_challenge=challenge.plain,
                expected_rp_id=self._domain(),
                expected_origin=self._origin,
                require_user_verification=True,
                supported_pub_key_algs=[cose.COSEAlgorithmIdentifier(each) for each in ALGORITHMS],
            )
            _require_unframed(sent)
            # The one that it is called by must be the one that was attested.
            named = _bytes(sent["id"]) == made.credential_id
            long = len(made.credential_id) > LONGEST_ID
            if not named or long or len(made.credential_public_key) > LONGEST_KEY:
                raise PasskeyRefused
            return Attested(
                _text(made.credential_id),
                _text(made.credential_public_key),
                made.sign_count,
                _transports(sent["response"].get("transports")),
                made.credential_backed_up,
            )

    def shown(self, sent: Sent) -> Shown:
        """Which passkey it seems to be.

        :raises WrongPasskey: it is none.
        """
        with _refusing(WrongPasskey()):
            handle = sent["response"].get("userHandle")
            return Shown(digest(_text(_bytes(sent["id"]))), None if not handle else _bytes(handle))

    def asserted(
        self, sent: Sent, challenge: Challenge, passkey: Passkey, *, verified: bool
    ) -> Asserted:
        """What was shown with this passkey, for this challenge; whether it counts on is not asked.

        :param verified: whether the authenticator must have known its user.
        :raises WrongPasskey: it was not, or somewhere else.
        """
        import webauthn  # noqa: PLC0415 - as above.

        with _refusing(WrongPasskey()):
            cbor.require_plain_data(_exactly(sent["response"]["authenticatorData"]))
            found = webauthn.verify_authentication_response(
                credential=sent,
                expected_challenge=challenge.plain,
                expected_rp_id=self._domain(),
                expected_origin=self._origin,
                credential_public_key=_bytes(passkey.public_key),
                # Where it is stored, many may come at once.
                credential_current_sign_count=0,
                require_user_verification=verified,
            )
            _require_unframed(sent)
            return Asserted(found.new_sign_count, found.credential_backed_up, found.user_verified)

    def _domain(self) -> str:
        if self.domain is None:
            raise PasskeysUnavailable
        return self.domain


def handle_of(user: User) -> bytes:
    """What authenticators remember a user by: 16 bytes that say nothing of who it is."""
    return bytes.fromhex(user.pseudonym)


@contextmanager
def _refusing(refusal: Refusal) -> Iterator[None]:
    """Around what reads bytes that anybody may have made up."""
    try:
        yield
    except PasskeysUnavailable:
        raise
    except Exception:  # noqa: BLE001 - KeyError, struct.error and others: its parsers have many.
        raise refusal from None


def _require_unframed(sent: Sent) -> None:
    """Accept what was signed on a page of ours that no other site's page shows in a frame."""
    told = json.loads(_bytes(sent["response"]["clientDataJSON"]))
    if told.get("crossOrigin") or "topOrigin" in told:
        raise ValueError("it was signed in a frame")


def _require_plain_attestation(sent: Sent) -> None:
    """Accept an attestation that the library can read in no more time than it is long."""
    from webauthn.helpers import parse_cbor  # noqa: PLC0415 - as above.

    made = _exactly(sent["response"]["attestationObject"])
    cbor.require_plain(made)
    cbor.require_plain_data(parse_cbor(made)["authData"])


def _described(passkey: Passkey) -> Any:
    from webauthn.helpers import structs  # noqa: PLC0415 - as above.

    ways = [structs.AuthenticatorTransport(each) for each in passkey.transports.split()]
    return structs.PublicKeyCredentialDescriptor(
        id=_bytes(passkey.credential), transports=ways or None
    )


def _transports(sent: Any) -> str:
    found = set(filter(TRANSPORTS.__contains__, sent)) if isinstance(sent, list) else ()
    return " ".join(sorted(found))


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _exactly(text: str) -> bytes:
    """The same of a text that everybody reads as these bytes.

    :raises ValueError: some would not.
    """
    plain = _bytes(text)
    if _text(plain) != text:
        raise ValueError("it can be read in several ways")
    return plain


def _text(plain: bytes) -> str:
    return urlsafe_b64encode(plain).decode().rstrip("=")


def domain_of(origin: str) -> str | None:
    """The name that passkeys are for, where browsers make some (WebAuthn section 5.1.3)."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host if parts.scheme == "https" or host == "localhost" else None
    return None
