"""A list of stolen passwords behind an endpoint that never learns which one is asked about.

It is told the first five of the 40 digits of the password's SHA-1 hash, and answers with the rest
of all hashes that begin so, some thousand (https://haveibeenpwned.com/API/v3#PwnedPasswords). With
padding, the length of the answer does not tell which digits were asked for either.
"""

from __future__ import annotations

import re
import time
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPRedirectHandler,
    ProxyHandler,
    Request,
    build_opener,
    getproxies,
)

from vestibule.config import VERSION

DIGITS = 5
# An answer of today has 40 to 100 KB.
MOST_BYTES = 1024 * 1024
ANSWER = re.compile(r"(?:[0-9A-F]{35}:[0-9]{1,18}(?:\r?\n|$))+")
HEADERS = {"Add-Padding": "true", "User-Agent": f"Vestibule/{VERSION}"}


class NoRedirects(HTTPRedirectHandler):
    """The operator chose whom to ask; nobody else is."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Go nowhere."""


# Through a proxy where the environment names one; http goes to this machine alone.
PROXIES = {scheme: proxy for scheme, proxy in getproxies().items() if scheme == "https"}
ASKING = build_opener(NoRedirects, ProxyHandler(PROXIES))


def count_by_range(url: str, sha1: str, seconds: float) -> int:
    """How often the password with this hash (upper case) was stolen, by the endpoint at ``url``.

    :param seconds: how long it may take to connect, or to send the next part of the answer.
    :raises OSError: it cannot be reached, or refuses.
    :raises ValueError: it answers something else.
    """
    prefix, rest = sha1[:DIGITS], sha1[DIGITS:]
    request = Request(url + prefix, headers=HEADERS)  # noqa: S310 - http(s), see read_breach_list.
    try:
        with ASKING.open(request, timeout=seconds) as response:
            text = _body(response, time.monotonic() + seconds).decode("ascii").upper()
    except HTTPError as error:
        error.close()
        raise OSError(error.code, "refused") from None
    except URLError as error:
        # The reason may be a timeout, which is an error of another kind.
        raise error.reason if isinstance(error.reason, OSError) else error from None
    except ConnectionError:
        raise
    except HTTPException:
        raise ValueError("not HTTP") from None
    if not ANSWER.fullmatch(text):
        raise ValueError("not a range of hashes")
    found = re.search(rf"^{rest}:([0-9]+)", text, re.MULTILINE)
    # Padding is hashes with a count of zero.
    return int(found[1]) if found else 0


def _body(response: HTTPResponse, ends: float) -> bytes:
    """The body, unless it is too long or takes too long."""
    body = b""
    # Whatever has arrived, and not only when so much has.
    while part := response.read1(MOST_BYTES):
        body += part
        if len(body) > MOST_BYTES or time.monotonic() > ends:
            raise ValueError("too long")
    if response.length:
        # Cut off: what is missing may be the very line.
        raise ValueError("too short")
    return body
