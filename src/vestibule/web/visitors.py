"""Who asks: the address that a request comes from, and the browser's name for itself.

Anybody can send ``X-Forwarded-For``. Each proxy adds, at its end, the address that it was asked
from: with two proxies in front, the second entry from the right was written by the outer one of
them, and what stands further left by whoever likes. Only the operator knows how many there are.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from flask import current_app, has_request_context, request
from werkzeug.datastructures import Authorization

from vestibule.auth.caller import Caller, request_id
from vestibule.auth.devices import Device

TRUSTED_PROXIES = "TRUSTED_PROXIES"
# What reads the session id from two headers.
SESSION_ID = "SESSION_ID"
COOKIE = "session_id"
DEVICE_COOKIE = "device"
# By which whoever is nobody yet is known to be the same when the passkey comes.
CEREMONY = "ceremony"
SECRET = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Read once for each request: the limits, the trail and the cookie all ask.
DEVICE = "vestibule.device"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# A socket that has no address (a Unix socket's) is on this machine.
HERE = "127.0.0.1"


def address() -> Address:
    """The client's address: the socket's, or the one that asked the outermost trusted proxy.

    What is missing or unreadable there leaves the socket's: clients who then share the proxy's
    address share its limits, which is safe, if not kind.
    """
    forwarded = request.headers.get("X-Forwarded-For", "")
    return address_of(request.remote_addr, forwarded, current_app.config[TRUSTED_PROXIES])


def address_of(remote: str | None, forwarded: str, proxies: int) -> Address:
    """The same of what the socket and ``X-Forwarded-For`` say, behind so many trusted proxies."""
    socket = _read(remote or HERE) or ipaddress.ip_address(HERE)
    if not proxies:
        return socket
    entries = forwarded.rsplit(",", proxies)
    # What is left of the n-th comma is one entry more than there are proxies.
    return (_read(entries[-proxies].strip()) if len(entries) >= proxies else None) or socket


def caller() -> Caller:
    """Who asks, for the audit trail; outside a request, nobody from outside does."""
    return Caller(device().origin, request_id.get()) if has_request_context() else Caller()


def device() -> Device:
    """Where the request comes from, as its owner would recognise it."""
    found: Device | None = request.environ.get(DEVICE)
    if found is None:
        agent = request.headers.get("User-Agent", "")
        printable = "".join(filter(str.isprintable, agent))
        cookie = request.cookies.get(cookie_name(DEVICE_COOKIE))
        found = request.environ[DEVICE] = Device(str(address()), printable, cookie)
    return found


def ceremony() -> str | None:
    """The secret by which a browser asked for a passkey to be shown, if it did.

    It is handed out again: whatever does not look like one of ours is none.
    """
    sent = request.cookies.get(cookie_name(CEREMONY), "")
    return sent if SECRET.fullmatch(sent) else None


def session_id_reader(
    *, https: bool, bearer: bool
) -> Callable[[str | None, str | None], str | None]:
    """What finds the session id in the headers ``Authorization`` and ``Cookie``.

    A browser adds no bearer header by itself, and no other site's page can; see RFC 6750.

    :param bearer: whether programs without cookies may send one.
    """
    name = f"__Host-{COOKIE}" if https else COOKIE
    # All cookies would be parsed and unquoted otherwise: a tenth of a session check.
    cookie = re.compile(rf'(?:^|;)[ \t]*{name}="?([^;"]*)')

    def read(authorization: str | None, cookies: str | None) -> str | None:
        if bearer and authorization:
            sent = Authorization.from_header(authorization)
            if sent and sent.type == "bearer":
                return sent.token
        found = cookie.search(cookies or "")
        return found[1] if found else None

    return read


def cookie_name(name: str) -> str:
    """What a cookie is called here.

    Under https a prefix makes browsers refuse it from another host or over http (RFC 6265bis).
    """
    return f"__Host-{name}" if current_app.config["HTTPS"] else name


def _read(entry: str) -> Address | None:
    """An address, without the port and brackets that some proxies add; ``None`` if it is none."""
    if entry.startswith("[") and "]" in entry:
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        # The zone of a link-local address names an interface of one machine, not a client.
        found = ipaddress.ip_address(entry.partition("%")[0])
    except ValueError:
        return None
    # Where one socket listens for both, an IPv4 client comes as ::ffff:192.0.2.1.
    return getattr(found, "ipv4_mapped", None) or found
