"""Where passwords are listed that were stolen elsewhere: an endpoint, or a file of this machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

from vestibule.config.values import is_loopback

LINE = re.compile(rb"([0-9A-Fa-f]{40}):([0-9]{1,18})\r?\n?")
# Five digits are put behind it, so nothing may stand there that they would be part of.
PLAIN = re.compile("[!-~]+://[^?#\\s]+")
# Enough to see that a list is ordered by something else; not all of it is read.
SAMPLES = 32
FORMAT = "a line for each password, HASH:COUNT, in the order of the SHA-1 hashes"


class BreachList(NamedTuple):
    """One of the two."""

    # What five hexadecimal digits are put behind.
    url: str | None = None
    path: Path | None = None


def read_breach_list(text: str) -> BreachList:
    """The list that ``text`` names.

    :raises ValueError: it is neither a URL that may be asked nor a file that can be searched.
    """
    if "://" in text:
        return BreachList(url=_url(text))
    path = Path(text)
    try:
        with path.open("rb") as file:
            if not path.is_file() or not _is_sorted(file):
                raise ValueError(f"{path} is not {FORMAT}")
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    return BreachList(path=path)


def hash_after(file: BinaryIO, offset: int) -> tuple[str, int] | None:
    """The first hash whose line begins at ``offset`` or later, and its count; at the end, none.

    :raises ValueError: there is no such line, but something else.
    """
    # From the byte before: were it the end of a line, the next one begins just here.
    file.seek(max(0, offset - 1))
    if offset:
        file.readline(100)
    line = file.readline(100)
    if not line:
        return None
    found = LINE.fullmatch(line)
    if not found:
        raise ValueError(f"not {FORMAT}")
    return found[1].decode().upper(), int(found[2])


def _is_sorted(file: BinaryIO) -> bool:
    size = file.seek(0, 2)
    try:
        found = [hash_after(file, size * number // SAMPLES) for number in range(SAMPLES)]
    except ValueError:
        return False
    hashes = [each[0] for each in found if each]
    return bool(hashes) and hashes == sorted(hashes)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    safe = host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    if not safe or not PLAIN.fullmatch(text) or parts.username is not None:
        raise ValueError(
            "say an https URL without a query, as in https://api.pwnedpasswords.com/range/, "
            "or a file; http only to this machine"
        )
    return text if text.endswith("/") else f"{text}/"
