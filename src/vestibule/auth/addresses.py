"""E-mail addresses: which are accepted, and when two are the same."""

from __future__ import annotations

import unicodedata

from email_validator import (
    SPECIAL_USE_DOMAIN_NAMES,
    EmailNotValidError,
    ValidatedEmail,
    validate_email,
)

from vestibule.auth.errors import BadAddress

MAX_LENGTH = 250
# As long as its column, where a database minds.
MAX_KEY = 1000
# Names that no public mail server has (.local, .test, ...) are what an intranet has.
SPECIAL_USE_DOMAIN_NAMES.clear()


def comparison_key(email: str) -> str:
    """What is equal for two spellings of one address: width, case and punycode make no difference.

    Dots and ``+tags`` do: only the mail server knows what they mean. Mail goes to the address
    that is stored, never to the spelling that was asked about.
    """
    if len(email) > MAX_LENGTH:
        # Nobody has such an address, and normalising thousands of combining marks takes seconds.
        return email
    try:
        return _key(_validated(email))
    except EmailNotValidError:  # The classic profile takes any text for an address.
        return _folded(email)


def wire_form(email: str) -> str:
    """The address as mail servers speak of it: the domain in punycode (RFC 5891)."""
    try:
        found = _validated(email)
    except EmailNotValidError:
        return email
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"


def storable_key(email: str) -> str:
    """Accept what any profile can store.

    :returns: the address as it is compared.
    :raises BadAddress: longer than 250 characters, or with control characters.
    """
    _require_storable(email)
    return comparison_key(email)


def _require_storable(email: str) -> None:
    if len(email) > MAX_LENGTH:
        raise BadAddress(f"An address has at most {MAX_LENGTH} characters.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in email):
        raise BadAddress("An address has no control characters.")


def require_well_formed(email: str) -> str:
    """Accept what mail can be sent to, intranet names included (RFC 5321, RFC 6531).

    :returns: the address as it is compared.
    :raises BadAddress: with the reason.
    """
    _require_storable(email)
    if " " in email:
        raise BadAddress("An address has no spaces. (In a form, a + is sent as %2B.)")
    try:
        key = _key(_validated(email))
    except EmailNotValidError as error:
        raise BadAddress(str(error)) from error
    if len(key) > MAX_KEY:
        # One character can stand for eighteen.
        raise BadAddress("An address has fewer characters that stand for many.")
    return key


def _key(address: ValidatedEmail) -> str:
    # Folded, faß.de would be fass.de, which is another domain (IDNA 2008, RFC 5894 section 7.2).
    return f"{_folded(address.local_part)}@{address.ascii_domain}"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _validated(email: str) -> ValidatedEmail:
    return validate_email(email, check_deliverability=False, globally_deliverable=False)
