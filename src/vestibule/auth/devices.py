"""What a person calls the device behind a ``User-Agent``: a help to recognise it, no proof."""

from __future__ import annotations

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


def in_words(user_agent: str | None) -> str:
    """``Firefox on Linux``, or as much of it as can be told."""
    known = [
        next((name for mark, name in names if mark in (user_agent or "")), None)
        for names in (BROWSERS, SYSTEMS)
    ]
    return " on ".join(name for name in known if name) or UNKNOWN
