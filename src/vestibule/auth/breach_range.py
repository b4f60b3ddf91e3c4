"""A list of stolen passwords behind an endpoint that never learns which one is asked about.

It is told the first five of the 40 digits of the password's SHA-1 hash, and answers with the rest
of all hashes that begin so, some thousand (https://haveibeenpwned.com/API/v3#PwnedPasswords). With
padding, the length of the answer does not tell which digits were asked for either.
"""

from __future__ import annotations

import base64
import re
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTP_PORT, HTTPS_PORT, HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from vestibule.config import VERSION

DIGITS = 5
# An answer of today has 40 to 100 KB.
MOST_BYTES = 1024 * 1024
ANSWER = re.compile(r"(?:[0-9A-F]{35}:[0-9]{1,18}(?:\r?\n|$))+")
HEADERS = {"Add-Padding": "true", "User-Agent": f"Vestibule/{VERSION}", "Connection": "close"}


def count_by_range(url: str, sha1: str, seconds: float) -> int:
    """How often the password with this hash (upper case) was stolen, by the endpoint at ``url``.

    :param seconds: how long it may take; only to resolve a name may take longer.
    :raises OSError: it cannot be reached, refuses, or takes too long.
    :raises ValueError: it answers something else.
    """
    prefix, rest = sha1[:DIGITS], sha1[DIGITS:]
    try:
        text = Conversation(urlsplit(url + prefix), seconds).answer().decode("ascii").upper()
    except ConnectionError:
        raise
    except HTTPException:
        raise ValueError("not HTTP") from None
    if not ANSWER.fullmatch(text):
        raise ValueError("not a range of hashes")
    found = re.search(rf"^{rest}:([0-9]+)", text, re.MULTILINE)
    # Padding is hashes with a count of zero.
    return int(found[1]) if found else 0


class Conversation:
    """A question to the endpoint, and its answer. It ends when its time is over, come what may."""

    def __init__(self, url: SplitResult, seconds: float) -> None:
        self._path = url.path
        self._connection = _connection(url, seconds)
        self._socket: socket.socket | None = None
        self._ends = time.monotonic() + seconds
        # One that sends a byte now and then would never run into a socket's timeout.
        self._watch = Timer(seconds, self._hang_up)
        self._watch.daemon = True

    def answer(self) -> bytes:
        """What the endpoint says.

        :raises TimeoutError: its time is over.
        :raises OSError: it cannot be reached, or refuses.
        :raises ValueError: it says more than a list of today has, or less than it announced.
        """
        self._watch.start()
        try:
            return self._ask()
        except (HTTPException, ValueError, OSError):
            # Whatever it looks like when we hang up.
            self._require_time()
            raise
        finally:
            self._watch.cancel()
            self._connection.close()

    def _ask(self) -> bytes:
        self._connection.connect()
        # The library lets go of it when the answer begins.
        self._socket = self._connection.sock
        self._require_time()
        # The operator chose whom to ask; a redirection is a refusal like others.
        self._connection.request("GET", self._path, headers=HEADERS)
        with self._connection.getresponse() as response:
            if response.status != HTTPStatus.OK:
                raise OSError(response.status, "refused")
            body = response.read(MOST_BYTES + 1)
            if len(body) > MOST_BYTES:
                raise ValueError("too long")
            # Cut off, by the endpoint or by us: what is missing may be the very line.
            if response.length:
                raise ValueError("too short")
        self._require_time()
        return body

    def _require_time(self) -> None:
        if time.monotonic() >= self._ends:
            raise TimeoutError

    def _hang_up(self) -> None:
        with suppress(OSError):
            if found := self._socket or self._connection.sock:
                # Of the connection, not of TLS: the other thread is in the middle of that.
                socket.socket.shutdown(found, socket.SHUT_RDWR)


def _connection(url: SplitResult, seconds: float) -> HTTPConnection:
    """To the endpoint; by https through a proxy, where the environment names one."""
    host = url.hostname or ""
    if url.scheme == "http":  # To this machine alone.
        return HTTPConnection(host, url.port or HTTP_PORT, timeout=seconds)
    port = url.port or HTTPS_PORT
    named = getproxies().get("https", "")
    proxy = urlsplit(named if "://" in named else f"//{named}")
    if not proxy.hostname or proxy_bypass(host):
        return HTTPSConnection(host, port, timeout=seconds)
    connection = HTTPSConnection(proxy.hostname, proxy.port or HTTPS_PORT, timeout=seconds)
    connection.set_tunnel(host, port, _authorization(proxy))
    return connection


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    both = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(both.encode()).decode('ascii')}"}
