"""How refusals leave: one table from codes to statuses, one shape (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from vestibule.auth.errors import Busy, FactorOwed, PasswordRefused, Refusal, StorageUnavailable

MAX_BODY = 64 * 1024
PROBLEM = "application/problem+json"
# Seconds after which a client may ask again when storage or a thread was not to be had.
RETRY_AFTER = str(Busy.retry_after)

STATUS = {
    "attempts_exceeded": 429,
    "busy": 503,
    "challenge_over": 403,
    "credentials_wrong": 401,
    "email_in_use": 409,
    "email_invalid": 400,
    "email_taken": 400,
    "email_unknown": 403,
    "email_unverified": 401,
    "factor_needed": 409,
    "factor_required": 401,
    "factor_unknown": 404,
    "factor_wrong": 401,
    "factors_full": 409,
    "login_not_recent": 403,
    "login_over": 403,
    "passkey_copied": 401,
    "passkey_known": 409,
    "passkey_needed": 409,
    "passkey_refused": 400,
    "passkey_wrong": 401,
    "passkeys_unavailable": 409,
    "password_refused": 400,
    "password_too_long": 400,
    "session_none": 403,
    "session_unknown": 404,
    "token_invalid": 403,
    "undo_open": 409,
}
# What is refused before a view is asked.
HTTP_PROBLEMS = {
    400: ("request_malformed", "The request cannot be read."),
    404: ("route_unknown", "There is nothing at this path; /docs lists every route."),
    405: ("method_not_allowed", "This path knows other methods; the header Allow lists them."),
    408: ("body_late", "The body took too long to arrive."),
    411: ("length_required", "A body needs a Content-Length; a chunked one is not read."),
    413: ("body_too_large", f"A body has at most {MAX_BODY // 1024} KiB."),
    415: ("media_type_unsupported", "Send a form or JSON, and say which in Content-Type."),
    500: ("internal_error", "The service failed; the log tells more under this X-Request-ID."),
    503: (Busy.code, str(Busy())),
}


class BadFields(Exception):
    """A field is missing, empty or not text; each route answers that with a status of its own."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        self.detail = detail


class BadBody(Exception):
    """The body is not what its content type says; the text says in which way."""


class CrossSite(Exception):
    """A page of another site asks for a change."""


class UnknownHost(Exception):
    """The service is called by a name that is not its own."""


class NotLocal(Exception):
    """Somebody who is not on this machine asks the classic profile."""


def as_json(body: dict[str, Any]) -> str:
    """``body`` as one compact line."""
    return json.dumps(body, separators=(",", ":")) + "\n"


def problem_body(status: int, code: str, detail: str) -> dict[str, Any]:
    """The members of a problem (RFC 9457 section 3)."""
    return {"type": "about:blank", "status": status, "code": code, "detail": detail}


def problem(status: int, code: str, detail: str, **headers: str) -> Response:
    """An ``application/problem+json`` answer with a stable ``code``."""
    response = _problem(status, problem_body(status, code, detail))
    response.headers.update(headers)
    return response


def _problem(status: int, body: dict[str, Any]) -> Response:
    return Response(as_json(body), status=status, mimetype=PROBLEM)


def refuse(refusal: Refusal) -> Response:
    """The answer to a refusal of the front desk."""
    status, code = STATUS[refusal.code], refusal.code
    if isinstance(refusal, PasswordRefused):
        body = problem_body(status, code, str(refusal)) | {"rule": refusal.rule}
        return _problem(status, body)
    if isinstance(refusal, FactorOwed):
        body = problem_body(status, code, str(refusal)) | {
            "owes": refusal.owes,
            "factors": refusal.factors,
        }
        return _problem(status, body)
    return problem(status, code, str(refusal), **again(refusal))


def again(refusal: Refusal) -> dict[str, str]:
    """The header that says when to try again, where that would help."""
    return {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else {}


def answer_refusals(app: Flask, as_asked: Callable[[Response], Response]) -> None:
    """Give ``app`` an answer for everything that can be refused.

    :param as_asked: makes a page of a problem, where somebody looks at a page.
    """
    for kind, answer in ANSWERS.items():
        app.register_error_handler(kind, _asked(answer, as_asked))


def _asked(
    answer: Callable[[Any], Response], as_asked: Callable[[Response], Response]
) -> Callable[[Exception], Response]:
    return lambda error: as_asked(answer(error))


def _bad_fields(error: BadFields) -> Response:
    return problem(error.status, "field_invalid", error.detail)


def _bad_body(error: BadBody) -> Response:
    return problem(400, "body_malformed", str(error))


def _not_local(_: NotLocal) -> Response:
    detail = (
        "The classic profile answers only requests made on this machine, to it, without a proxy. "
        "Use the strict profile for anybody else."
    )
    return problem(403, "classic_is_local", detail)


CROSS_SITE = (403, "cross_site", "Changes can be asked for by pages of this site alone.")


def _cross_site(_: CrossSite) -> Response:
    return problem(*CROSS_SITE)


def _unknown_host(_: UnknownHost) -> Response:
    return problem(421, "host_unknown", "The service does not answer to this name.")


def unavailable(_: StorageUnavailable) -> Response:
    """The answer while the database is locked or gone."""
    detail = "The service cannot reach its storage now. Nothing was changed; try again."
    return problem(503, "storage_unavailable", detail, **{"Retry-After": RETRY_AFTER})


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return cast(Response, error.get_response())
    unnamed = (error.name.lower().replace(" ", "_"), error.name)
    code, detail = HTTP_PROBLEMS.get(status, unnamed)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        detail = f"This path answers {', '.join(sorted(error.valid_methods))}."
    response = problem(status, code, detail)
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    # A 405 names the methods that are allowed.
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


ANSWERS: dict[type[Exception], Callable[[Any], Response]] = {
    Refusal: refuse,
    BadFields: _bad_fields,
    BadBody: _bad_body,
    NotLocal: _not_local,
    CrossSite: _cross_site,
    UnknownHost: _unknown_host,
    StorageUnavailable: unavailable,
    HTTPException: _http_error,
}
