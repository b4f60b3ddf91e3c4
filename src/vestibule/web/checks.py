"""The plain yes to a check of a session: what a person and what a proxy is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from vestibule.auth.sessions import Visit
from vestibule.web.problems import as_json

Headers = list[tuple[str, str]]
Yes = Callable[[Visit], tuple[int, Headers, bytes]]
# What an address may have that a header can carry as it is; "%" introduces the rest.
PLAIN = "@!#$&'*+/=?^_`{|}~.-"
# Nearly all addresses are of nothing else, and to see that takes a third of quoting them.
ALL_PLAIN = re.compile(rf"[A-Za-z0-9{re.escape(PLAIN)}]*")
NAMES = ("X-Vestibule-User", "X-Vestibule-Email")
USER, EMAIL = (name.lower() for name in NAMES)


def profile(visit: Visit) -> tuple[int, Headers, bytes]:
    """Whose session it is, for a person."""
    body = as_json({"email": visit.email}).encode()
    return 200, [("content-type", "application/json"), ("content-length", str(len(body)))], body


def verified(visit: Visit) -> tuple[int, Headers, bytes]:
    """Whose session it is, for a proxy."""
    return 204, who(visit), b""


def who(visit: Visit) -> Headers:
    """What a proxy tells the application behind it.

    An address with other characters than ASCII's is percent-encoded UTF-8: headers have no other.
    """
    email = visit.email
    shown = email if ALL_PLAIN.fullmatch(email) else quote(email, safe=PLAIN)
    return [(USER, visit.pseudonym), (EMAIL, shown)]


# By path; all of them answer GET.
CHECKS: dict[str, Yes] = {"/profile": profile, "/sessions/verify": verified}
