"""What is said long before Flask: a plain yes to a session check, and that too many wait.

Most of what a service like this is asked is whether a session is open, and mostly it is. Of checks
only that is said here. Whatever else a request may be, such as one without a session, by a name
that is not ours, or with a header that is there twice, goes on to Flask, where a view for the same
path decides and answers: there is one place for refusals, and this one cannot fail open.

In a storm of logins nearly all requests for a hash are refused. That is said here as well, alike to
everybody: through Flask it took more of the event loop than all checks.

In microseconds of one core: some 27 go to granian and the event loop (docs/decisions/0018). Of a
million people the rest is 21: 10 of SQLite, 2 for a look whether its file is still the same, 1.4
for the log, and what is here and on the way. Through Flask it is 130.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from vestibule.auth import Auth
from vestibule.auth.devices import Device
from vestibule.config import Settings
from vestibule.lanes import Answer
from vestibule.observe import log_request, new_request_id
from vestibule.web.checks import CHECKS
from vestibule.web.error_pages import Page
from vestibule.web.headers import headers_of, is_https
from vestibule.web.problems import HTTP_PROBLEMS, PROBLEM, RETRY_AFTER, as_json, problem_body
from vestibule.web.visitors import address_of, session_id_reader


class Early:
    """Says yes to open sessions, in the strict profile."""

    def __init__(self, settings: Settings, auth: Auth) -> None:
        public = urlsplit(str(settings.public_url)) if settings.public_url else None
        self._host = public.netloc.lower() if public else None
        self._read = session_id_reader(https=is_https(settings), bearer=True)
        self._find = auth.sessions.find
        self._headers = [(name.lower(), value) for name, value in headers_of(settings)]

    def __call__(self, scope: Any) -> Answer | None:
        """The answer to a request of RSGI's ``scope``, or ``None``: it is for Flask to give.

        :raises StorageUnavailable: it cannot be told now.
        """
        path = scope.path
        yes = CHECKS.get(path)
        if yes is None or scope.method != "GET":
            return None
        began = time.perf_counter()
        pairs = scope.headers.items()
        sent = dict(pairs)
        ours = self._host is None or sent.get("host", "").lower() == self._host
        if not ours or len(sent) < len(pairs):
            return None
        visit = self._find(self._read(sent.get("authorization"), sent.get("cookie")))
        if visit is None:
            return None
        own_id = new_request_id()
        status, headers, body = yes(visit)
        log_request("GET", path, status, began)
        return Answer(status, [*headers, *self._headers, ("x-request-id", own_id)], body)


class TooBusy:
    """Refuses what would wait too long for a hash."""

    def __init__(self, settings: Settings, page: Page = lambda *_: None) -> None:
        """Say it in JSON, or by the ``page`` that whoever asks for one would rather have."""
        self._page = page
        self._body = as_json(problem_body(503, *HTTP_PROBLEMS[503])).encode()
        usual = {name.lower(): value for name, value in headers_of(settings)}
        self._headers = usual | {"content-type": PROBLEM, "retry-after": RETRY_AFTER}

    def __call__(self, scope: Any) -> Answer:
        """The answer to a request of RSGI's ``scope`` whose path is one of our rules."""
        began = time.perf_counter()
        path, own_id = scope.path.rstrip("/"), new_request_id()
        asked = (scope.headers.get(name) for name in ("accept", "accept-language", "cookie"))
        headers, body = self._page(path, *asked) or ({}, self._body)
        log_request(scope.method, path, 503, began)
        own = {"content-length": str(len(body)), "x-request-id": own_id}
        return Answer(503, list((self._headers | headers | own).items()), body)


def origin_reader(settings: Settings) -> Callable[[Any], str]:
    """What tells from RSGI's ``scope`` which client asks, as limits count them."""
    proxies = settings.trusted_proxies

    def read(scope: Any) -> str:
        remote = scope.client.rpartition(":")[0].strip("[]")
        sent = scope.headers.items() if proxies else []
        forwarded = ",".join(value for name, value in sent if name == "x-forwarded-for")
        return Device(str(address_of(remote, forwarded, proxies)), "").origin

    return read
