"""Checks of a session that are answered before Flask's routing: what busy sites ask most.

Only a plain yes is said here. Whatever else a request may be, such as one without a session, by a
name that is not ours, or refused by the server already, goes on to Flask, where a view for the same
path decides and answers: there is one place for refusals, and this one cannot fail open.

In microseconds of one core, without the server: 22 here, 85 through Flask, 40 for Flask's hello
world; the look-up of the session is 11 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask

from vestibule.auth import Auth
from vestibule.auth.caller import ROUTE
from vestibule.auth.errors import StorageUnavailable
from vestibule.auth.sessions import Visit
from vestibule.config import Settings
from vestibule.web.door import REFUSED, Wsgi
from vestibule.web.problems import as_json, unavailable
from vestibule.web.visitors import SESSION_ID

Headers = list[tuple[str, str]]
Yes = Callable[[Visit], tuple[str, Headers, bytes]]
# What an address may have that a header can carry as it is; "%" introduces the rest.
PLAIN = "@!#$&'*+/=?^_`{|}~.-"


def profile(visit: Visit) -> tuple[str, Headers, bytes]:
    """Whose session it is, for a person."""
    body = as_json({"email": visit.email}).encode()
    kind = ("Content-Type", "application/json")
    return "200 OK", [kind, ("Content-Length", str(len(body)))], body


def verified(visit: Visit) -> tuple[str, Headers, bytes]:
    """Whose session it is, for a proxy."""
    return "204 No Content", list(who(visit).items()), b""


def who(visit: Visit) -> dict[str, str]:
    """What a proxy tells the application behind it, in headers.

    An address with other characters than ASCII's is percent-encoded UTF-8: headers have no other.
    """
    return dict(zip(NAMES, (visit.pseudonym, quote(visit.email, safe=PLAIN)), strict=True))


NAMES = ("X-Vestibule-User", "X-Vestibule-Email")
ANSWERS: dict[str, Yes] = {"/profile": profile, "/sessions/verify": verified}


def answer_checks(app: Flask, settings: Settings, auth: Auth) -> None:
    """Have ``app`` say yes to open sessions early."""
    # setattr: mypy takes the assignment of a method for a mistake, Flask documents it as the way.
    setattr(app, "wsgi_app", _checking(app, app.wsgi_app, settings, auth))  # noqa: B010


def _checking(app: Flask, wsgi: Wsgi, settings: Settings, auth: Auth) -> Wsgi:
    host = urlsplit(str(settings.public_url)).netloc.lower() if settings.public_url else None
    config, find = app.config, auth.sessions.find

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        yes = ANSWERS.get(path)
        if (
            yes is None
            or environ["REQUEST_METHOD"] != "GET"
            or REFUSED in environ
            or (host and environ.get("HTTP_HOST", "").lower() != host)
        ):
            return wsgi(environ, start_response)
        environ[ROUTE] = path
        try:
            visit = find(config[SESSION_ID](environ))
        except StorageUnavailable as error:
            return unavailable(error)(environ, start_response)
        if visit is None:
            return wsgi(environ, start_response)
        status, headers, body = yes(visit)
        start_response(status, headers)
        return [body]

    return application
