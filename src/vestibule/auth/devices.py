"""What a person calls the device behind a ``User-Agent``: a help to recognise it, no proof."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import NamedTuple

UNKNOWN = "an unknown device"
# In this order: every browser also claims to be those before it.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


class Device(NamedTuple):
    """Where a request comes from: its address, and what its browser calls itself."""

    address: str
    user_agent: str
    # By which the browser may be known; see ``known_devices``.
    cookie: str | None = None

    @property
    def origin(self) -> str:
        """The address as it is counted: of IPv6 the /64 that one customer has at least."""
        if ":" not in self.address:
            return self.address
        return str(IPv6Network((self.address, 64), strict=False))


def in_words(user_agent: str | None) -> str:
    """``Firefox on Linux``, or as much of it as can be told."""
    known = [
        next((name for mark, name in names if mark in (user_agent or "")), None)
        for names in (BROWSERS, SYSTEMS)
    ]
    return " on ".join(name for name in known if name) or UNKNOWN
