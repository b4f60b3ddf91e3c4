"""The headers of every answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from vestibule.config import Settings

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
CONTENT_SECURITY = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
# The same of a page: it has the style that it holds, or one from here.
PLAIN_PAGE_SECURITY = (
    "default-src 'none'; style-src 'self' {style}; img-src 'self'; form-action {targets}; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# And a script of ours may run, and speak to here. It makes no HTML of text.
PAGE_SECURITY = (
    f"{PLAIN_PAGE_SECURITY}; script-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'"
)
# Nothing here is for a cache, a frame, another site's page or window, or a Referer header.
HEADERS = [
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", CONTENT_SECURITY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("Vary", "Accept, Cookie"),
    ("X-Content-Type-Options", "nosniff"),
]
# For two years, browsers come by https alone (RFC 6797), to names below this one too.
HSTS = {"subdomains": "max-age=63072000; includeSubDomains", "host": "max-age=63072000"}


def is_https(settings: Settings) -> bool:
    """Whether browsers come by https."""
    return settings.origin.startswith("https://") and not settings.classic


def headers_of(settings: Settings) -> list[tuple[str, str]]:
    """The headers of every answer."""
    secure = ("Strict-Transport-Security", HSTS[settings.hsts])
    return [*HEADERS, secure] if is_https(settings) else HEADERS


def page_headers(settings: Settings, style: str) -> dict[str, str]:
    """What pages say otherwise than other answers.

    A form says where it is sent from: with the policy of all other answers, browsers that know no
    Fetch Metadata say ``Origin: null``. A token in the page's address stays out of it all the same.

    :param style: what the policy calls the style that pages hold.
    """
    policy = PLAIN_PAGE_SECURITY if settings.classic else PAGE_SECURITY
    # A browser follows the redirect after a form only to where forms may be sent. The exercise
    # leads nobody elsewhere.
    returns = () if settings.classic else settings.may_return_to
    targets = " ".join(["'self'", *returns])
    return {
        "Content-Security-Policy": policy.format(style=style, targets=targets),
        "Referrer-Policy": "strict-origin",
        "Vary": "Accept, Accept-Language, Cookie",
    }


def add_headers(app: Flask, settings: Settings) -> None:
    """Have every answer of ``app`` carry them.

    Around Flask, and not in it, that costs two microseconds instead of 30.
    """
    # setattr: mypy takes the assignment of a method for a mistake, Flask documents it as the way.
    setattr(app, "wsgi_app", _with_headers(app.wsgi_app, headers_of(settings)))  # noqa: B010


def _with_headers(wsgi: Wsgi, added: list[tuple[str, str]]) -> Wsgi:
    more = [(pair[0].lower(), pair) for pair in added]

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            present = {name.lower() for name, _ in headers}
            headers += [pair for name, pair in more if name not in present]
            return start_response(status, headers, exc_info)

        return wsgi(environ, start)

    return application
