"""Where mail is handed over: a mail server, from a URL."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from vestibule.config.values import is_loopback

Tls = Literal["always", "starttls", "never"]
# What every mail server takes for a sender; a domain beyond ASCII is said as xn--...
ADDRESS = re.compile(r"[!-?A-~]+@[A-Za-z0-9.-]+")
PORTS = {"smtps": 465, "smtp": 587}


@dataclass(frozen=True)
class MailServer:
    """A mail server, and how to speak to it."""

    host: str
    port: int
    # From the first byte (RFC 8314), after STARTTLS (RFC 3207), or not at all.
    tls: Tls
    user: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        """Where it is; nothing secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_mail_server(url: str) -> MailServer:
    """The mail server at ``url``.

    :raises ValueError: saying what is wrong, and nothing of the URL, which holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _unreadable() from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise _unreadable()
    if parts.fragment:
        raise _unreadable()
    user, password = _decoded(parts.username), _decoded(parts.password)
    if bool(user) != bool(password):
        raise ValueError("say both a user and a password, or neither")
    tls = _tls(parts.scheme, parts.hostname, parts.query)
    if user and tls == "never" and not is_loopback(parts.hostname):
        raise ValueError("a password is not sent in the clear: leave starttls=never out")
    return MailServer(parts.hostname, port or PORTS[parts.scheme], tls, user, password)


def named(name: str) -> str:
    """A name as it stands before an address; in quotes, where it has signs that mean something."""
    plain = all(sign.isalnum() or sign in " -_" for sign in name)
    return name if plain else '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'


def require_sender(text: str) -> None:
    """Accept one address, maybe with a name, that mails can be from.

    :raises ValueError: it is none, or more than one.
    """
    from email.policy import default  # noqa: PLC0415 - a megabyte, for whoever sets it.

    if any(unicodedata.category(character).startswith("C") for character in text):
        raise ValueError("an address has no control characters")
    header = default.header_factory("From", text)
    specs = [address.addr_spec for address in header.addresses]
    named = any(group.display_name for group in header.groups)
    if named or header.defects or len(specs) != 1 or not ADDRESS.fullmatch(specs[0]):
        raise ValueError('say one address, as in "Example accounts <accounts@example.com>"')


def _unreadable() -> ValueError:
    return ValueError(
        "say it as smtps://user:password@host:465 or smtp://host:587, with every character of the "
        "user and the password that is not a letter or digit as %XX (a slash is %2F)"
    )


def _decoded(part: str | None) -> str:
    try:
        text = unquote(part or "", errors="strict")
    except UnicodeDecodeError:
        raise _unreadable() from None
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("the user and the password have no control characters")
    return text


def _tls(scheme: str, host: str, query: str) -> Tls:
    asked = parse_qs(query, keep_blank_values=True)
    starttls = asked.pop("starttls", [""])[-1]
    if asked or starttls not in ("", "required", "never") or (starttls and scheme == "smtps"):
        raise ValueError("after the ? there is room for starttls=required or starttls=never alone")
    if scheme == "smtps":
        return "always"
    # Nobody listens between two programs of one machine, and few of its names have certificates.
    return "starttls" if starttls == "required" or not (starttls or is_loopback(host)) else "never"
