"""The door: what comes in is read and checked here, and every refusal leaves through one table."""

from __future__ import annotations

import ipaddress
import json
from typing import Annotated, Any, TypeVar, cast

from flask import Flask, Response, abort, current_app, request
from pydantic import BaseModel, StringConstraints, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from vestibule.auth import Auth
from vestibule.auth.errors import Refusal, StorageUnavailable, TooManyAttempts
from vestibule.config import is_loopback

COOKIE = "session_id"
# Where the server notes in the WSGI environment that it refuses a request by itself: the status.
REFUSED = "vestibule.refused"
MAX_BODY = 64 * 1024
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Seconds after which a client may ask again when storage could not answer.
RETRY_AFTER = 1
# Only what a person typed: never coerced from a number, never empty.
Field = Annotated[str, StringConstraints(strict=True, min_length=1)]

STATUS = {
    "attempts_exceeded": 429,
    "credentials_wrong": 401,
    "email_invalid": 400,
    "email_taken": 400,
    "email_unknown": 403,
    "password_refused": 400,
    "password_too_long": 400,
    "session_none": 403,
    "token_invalid": 403,
}
# What the framework refuses by itself, before a view is asked.
HTTP_PROBLEMS = {
    400: ("request_malformed", "The request cannot be read."),
    404: ("route_unknown", "There is nothing at this path; /docs lists every route."),
    408: ("body_late", "The body took too long to arrive."),
    405: ("method_not_allowed", "This path does not know that method; Allow lists those it does."),
    413: ("body_too_large", f"A body has at most {MAX_BODY // 1024} KiB."),
    415: ("media_type_unsupported", "Send a form or JSON, and say which in Content-Type."),
    503: ("busy", "Too many requests wait already. Nothing was changed; try again."),
    500: ("internal_error", "The service failed; the log tells more under this X-Request-ID."),
}
HEADERS = {
    # Nothing here is for a cache, a frame, another site's page or a Referer header.
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Cookie",
}
PROXY_HEADERS = ("Forwarded", "Via", "X-Real-Ip")

Body = TypeVar("Body", bound=BaseModel)


class BadFields(Exception):
    """A field is missing, empty or not text; each route answers that with a status of its own."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        self.detail = detail


class BadBody(Exception):
    """The body is not what its content type says."""


class NotLocal(Exception):
    """Somebody who is not on this machine asks the classic profile."""


def auth() -> Auth:
    """The front desk."""
    return cast(Auth, current_app.extensions["vestibule"])


def read(model: type[Body], *, missing: int) -> Body:
    """The form or JSON body of the request.

    :param missing: the status for a field that is missing, empty or not text.
    :raises BadFields: there is such a field.
    :raises BadBody: it is not JSON, or not an object.
    :raises UnsupportedMediaType: neither a form nor JSON.
    """
    try:
        if request.mimetype == "application/json":
            return model.model_validate_json(request.get_data())
        return model.model_validate(_form())
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        if not problem["loc"]:
            raise BadBody from None
        raise BadFields(missing, _in_words(problem)) from None


def _form() -> dict[str, str]:
    if request.mimetype not in FORMS and (request.mimetype or request.get_data()):
        raise UnsupportedMediaType
    return request.form.to_dict()


def _in_words(problem: ErrorDetails) -> str:
    wrong = {"missing": "is missing", "string_too_short": "is empty"}
    return f"{problem['loc'][0]} {wrong.get(problem['type'], 'is not text')}."


def origin() -> str:
    """Where the request comes from, for counting: an address, or one customer's IPv6 network."""
    address = ipaddress.ip_address(request.remote_addr or "127.0.0.1")
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def session_id() -> str | None:
    """The session id that the cookie carries, if there is one."""
    return request.cookies.get(COOKIE)


def hand_over(response: Response, session_id: str) -> Response:
    """Put the session into a cookie that scripts and other sites' forms do not get."""
    if auth().classic:
        response.set_cookie(COOKIE, session_id)
    else:
        response.set_cookie(COOKIE, session_id, httponly=True, samesite="Lax", path="/")
    return response


def answer(**body: Any) -> Response:
    """A JSON answer of exactly these keys."""
    return Response(_json(body), mimetype="application/json")


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":")) + "\n"


def problem(status: int, code: str, detail: str, **headers: str) -> Response:
    """An ``application/problem+json`` answer (RFC 9457) with a stable ``code``."""
    body = {"type": "about:blank", "status": status, "code": code, "detail": detail}
    response = Response(_json(body), status=status, mimetype="application/problem+json")
    response.headers.update(headers)
    return response


def refuse(refusal: Refusal) -> Response:
    """The answer to a refusal of the front desk."""
    return problem(STATUS[refusal.code], refusal.code, str(refusal), **retry_after(refusal))


def retry_after(refusal: Refusal) -> dict[str, str]:
    """When to ask again, as headers, where waiting helps."""
    if isinstance(refusal, TooManyAttempts):
        return {"Retry-After": str(refusal.retry_after)}
    return {}


def guard(app: Flask) -> None:
    """Hang the door into ``app``: limits on bodies, headers, and an answer for every refusal."""
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, MAX_FORM_MEMORY_SIZE=MAX_BODY, MAX_FORM_PARTS=20)
    app.before_request(_refused_already)
    app.before_request(_classic_is_local)
    app.after_request(_add_headers)
    app.register_error_handler(Refusal, refuse)
    app.register_error_handler(
        BadFields, lambda error: problem(error.status, "field_invalid", error.detail)
    )
    app.register_error_handler(
        BadBody, lambda _: problem(400, "body_malformed", "The body is not a JSON object.")
    )
    app.register_error_handler(NotLocal, _not_local)
    app.register_error_handler(StorageUnavailable, _unavailable)
    app.register_error_handler(HTTPException, _http_error)


def _refused_already() -> None:
    status = request.environ.get(REFUSED)
    if status:
        abort(status)


def _classic_is_local() -> None:
    """The classic profile hands out reset tokens, so only this machine may ask it.

    A proxy's header means that somebody else does; so does a name that leads here by DNS alone.
    """
    if not auth().classic:
        return
    headers = request.headers
    proxied = any(name in headers for name in PROXY_HEADERS) or any(
        name.lower().startswith("x-forwarded")
        for name in headers.keys()  # noqa: SIM118 - not a dict
    )
    host = request.host.rpartition(":")[0] if request.host[-1:].isdigit() else request.host
    host = (host or request.host).strip("[]")
    if proxied or not is_loopback(request.remote_addr or "") or not _leads_home(host):
        raise NotLocal


def _leads_home(host: str) -> bool:
    # Exercise scripts often call 0.0.0.0, which leads to this machine too.
    return is_loopback(host) or host == "0.0.0.0"  # noqa: S104 - compared, not bound.


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _not_local(_: NotLocal) -> Response:
    detail = (
        "The classic profile answers only requests made on this machine, to it, without a proxy. "
        "Use the strict profile for anybody else."
    )
    return problem(403, "classic_is_local", detail)


def _unavailable(_: StorageUnavailable) -> Response:
    detail = "The service cannot reach its storage now. Nothing was changed; try again."
    return problem(503, "storage_unavailable", detail, **{"Retry-After": str(RETRY_AFTER)})


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return cast(Response, error.get_response())
    unnamed = (error.name.lower().replace(" ", "_"), error.name)
    response = problem(status, *HTTP_PROBLEMS.get(status, unnamed))
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    # A 405 names the methods that are allowed.
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value
    return response
