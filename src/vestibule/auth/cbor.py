"""What authenticators write, looked at before it is read (CBOR, RFC 8949).

A reader of CBOR follows references: thirty bytes that each name the ones before twice stand for a
thousand million, and whoever writes that out again is busy until the server is restarted.
Authenticators use the plainest form alone, without tags, references and detours (CTAP 2.1 section
8), so nothing else is read. Floating point numbers are in nothing that they send.
"""

from __future__ import annotations

# Of a first byte: three bits say what it is, five how long, or in how many bytes that is said.
BYTES, TEXT, LIST, MAP, TAG, SIMPLE = 2, 3, 4, 5, 6, 7
SHORT, LONGEST = 23, 27
# No authenticator says so much. Thousands of keys of one map can be made hard to tell apart.
MOST = 500
# Of authenticator data (WebAuthn section 6.1): where flags stand, and what follows them.
FLAGS, ATTESTED, FIXED, NAMED, LENGTH = 32, 0x40, 37, 53, 2


def require_plain(data: bytes, at: int = 0, *, shortest: bool = False) -> None:
    """Accept items one after the other, each without tags and references.

    :param at: where the first one begins.
    :param shortest: whether each must be as long as it is when it is written again.
    :raises ValueError: there is something else.
    :raises IndexError: there is less than it says.
    """
    while at < len(data):
        at = _end(data, at, shortest)


def require_plain_data(data: bytes) -> None:
    """The same of what stands in authenticator data: a key, and what extensions say.

    :raises ValueError: there is something else.
    :raises IndexError: there is less than it says.
    """
    at = FIXED
    if data[FLAGS] & ATTESTED:
        at = NAMED + LENGTH + int.from_bytes(data[NAMED : NAMED + LENGTH])
    require_plain(data, at, shortest=True)


def _end(data: bytes, at: int, shortest: bool) -> int:
    """Where the item ends that begins at ``at``."""
    left, seen = 1, 0
    while left:
        seen += 1
        if seen > MOST:
            raise ValueError("more than anybody says")
        kind, length = data[at] >> 5, data[at] & 31
        at += 1
        if kind == TAG or length > (SHORT if kind == SIMPLE else LONGEST):
            raise ValueError("a tag, a float, or something without a length")
        if length > SHORT:
            size = 1 << length - SHORT - 1
            length = int.from_bytes(data[at : at + size])
            at += size
            # The library takes what follows a key for as long as it writes the key itself.
            if shortest and (length <= SHORT or (size > 1 and not length >> size * 4)):
                raise ValueError("a length of too many bytes")
        at += length if kind in (BYTES, TEXT) else 0
        left += {LIST: length, MAP: 2 * length}.get(kind, 0) - 1
    return at
