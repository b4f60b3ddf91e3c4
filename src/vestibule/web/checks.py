"""The plain yes to a check of a session: what a person and what a proxy is told."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from vestibule.auth.sessions import Visit
from vestibule.web.problems import as_json

Headers = list[tuple[str, str]]
Yes = Callable[[Visit], tuple[int, Headers, bytes]]
# What an address may have that a header can carry as it is; "%" introduces the rest.
PLAIN = "@!#$&'*+/=?^_`{|}~.-"
NAMES = ("X-Vestibule-User", "X-Vestibule-Email")


def profile(visit: Visit) -> tuple[int, Headers, bytes]:
    """Whose session it is, for a person."""
    body = as_json({"email": visit.email}).encode()
    return 200, [("content-type", "application/json"), ("content-length", str(len(body)))], body


def verified(visit: Visit) -> tuple[int, Headers, bytes]:
    """Whose session it is, for a proxy."""
    return 204, [(name.lower(), value) for name, value in who(visit).items()], b""


def who(visit: Visit) -> dict[str, str]:
    """What a proxy tells the application behind it, in headers.

    An address with other characters than ASCII's is percent-encoded UTF-8: headers have no other.
    """
    return dict(zip(NAMES, (visit.pseudonym, quote(visit.email, safe=PLAIN)), strict=True))


# By path; all of them answer GET.
CHECKS: dict[str, Yes] = {"/profile": profile, "/sessions/verify": verified}
