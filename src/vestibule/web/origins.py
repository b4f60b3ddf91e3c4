"""Which sites may ask for changes, and by which names the service is known.

A browser sends the cookie along whoever made the page that asks. ``SameSite=Lax`` keeps it from
other sites' forms, but not from a sibling host, and does nothing for login: a form elsewhere that
logs the visitor in as somebody else. Browsers say where a request comes from (Fetch Metadata, or
``Origin`` in older ones); programs say neither, and carry no one else's cookies.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import request

from vestibule.config import Settings, is_loopback
from vestibule.web.problems import CrossSite, UnknownHost

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What a token alone allows: whoever has it needs nobody's cookie. Over plain http a browser sends
# ``Origin: null`` from our own form there, because its page has ``Referrer-Policy: no-referrer``.
BY_TOKEN = frozenset(
    {
        *("pages.reset", "links.confirm", "links.undo"),
        *("factor_links.disown_by_form", "factor_links.keep_by_form"),
    }
)
# Of the WSGI environment, where a token let a request in that another site's page may have made.
FOREIGN = "vestibule.foreign"
# Asked by address, by programs that know no name.
HEALTH = frozenset({"/healthz", "/readyz"})


def own_origin(settings: Settings) -> list[Callable[[], None]]:
    """Checks of a request that refuse changes for other sites, and names that are not our own."""
    public = urlsplit(str(settings.public_url)) if settings.public_url else None
    known = public.netloc if public else None

    def require_known_host() -> None:
        if request.path not in HEALTH and not _is(known or "") and not _is_local():
            raise UnknownHost

    def require_same_origin() -> None:
        if request.method in SAFE_METHODS:
            return
        came_from = request.headers.get("Sec-Fetch-Site")
        if came_from:
            allowed = came_from in ("same-origin", "none")
        else:
            origin = request.headers.get("Origin")
            allowed = origin is None or origin == (
                f"{public.scheme}://{known}" if public else f"{request.scheme}://{request.host}"
            )
        if not allowed and request.endpoint not in BY_TOKEN:
            raise CrossSite
        request.environ[FOREIGN] = not allowed

    return [require_same_origin, *([require_known_host] if known else [])]


def foreign() -> bool:
    """Whether another site's page may be asking: by its token, it must not use the cookie."""
    return bool(request.environ.get(FOREIGN))


def _is(name: str) -> bool:
    return request.host.lower() == name.lower()


def _is_local() -> bool:
    """Whether a program of this machine asks by a name of this machine, past the proxy.

    The socket tells. What ``X-Forwarded-For`` says is of no account here.
    """
    host = urlsplit(f"//{request.host}").hostname or ""
    return is_loopback(host) and is_loopback(request.remote_addr or "")
