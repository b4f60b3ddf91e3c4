"""The door: what comes in is read and checked here, and who comes is recognised."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, cast

from flask import Flask, Response, abort, current_app, request
from flask.sessions import NullSession, SessionInterface
from pydantic import BaseModel, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, from_json
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wrappers import Response as WerkzeugResponse

from vestibule.auth import Auth
from vestibule.auth.conflicts import until_settled
from vestibule.auth.errors import FactorOwed
from vestibule.auth.known_devices import LIFETIME
from vestibule.config import Settings, is_loopback
from vestibule.web.headers import add_headers, is_https
from vestibule.web.origins import own_origin
from vestibule.web.problems import (
    MAX_BODY,
    BadBody,
    BadFields,
    CrossSite,
    NotLocal,
    answer_refusals,
    as_json,
    refuse,
)
from vestibule.web.visitors import (
    COOKIE,
    DEVICE_COOKIE,
    SESSION_ID,
    TRUSTED_PROXIES,
    cookie_name,
    device,
    session_id_reader,
)

# Where the server notes in the WSGI environment that it refuses a request by itself: the status,
# or what went wrong.
REFUSED = "vestibule.refused"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Fewer than the largest number of a row has.
DIGITS = 19
# Only what a person typed: never coerced from a number, never empty.
Field = Annotated[str, StringConstraints(strict=True, min_length=1)]
# What werkzeug puts where a form's bytes are not UTF-8: two passwords would become one.
UNREADABLE = "\ufffd"
# What proxies say of whom they speak for, by the names that are in use.
PROXY_HEADERS = re.compile(
    r"(X-)?(Original-)?Forwarded(-.*)?|Via|X-Real-Ip|(X-)?(.*-)?(Client|Connecting|ProxyUser)-Ip",
    re.IGNORECASE,
)

Body = TypeVar("Body", bound=BaseModel)
Leaving = TypeVar("Leaving", bound=WerkzeugResponse)


def auth() -> Auth:
    """The front desk."""
    return cast(Auth, current_app.extensions["vestibule"])


def read(model: type[Body], *, missing: int) -> Body:
    """The form or JSON body of the request.

    :param missing: the status for a field that is missing, empty or not text.
    :raises BadFields: there is such a field.
    :raises BadBody: it is not JSON, not an object, or not UTF-8.
    :raises UnsupportedMediaType: neither a form nor JSON.
    """
    fields = _json() if request.mimetype == "application/json" else form()
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise BadFields(missing, _in_words(problem) + _hint(fields)) from None


def form() -> dict[str, str]:
    """The fields of a form; none if there is no body.

    :raises BadBody: a field is not UTF-8.
    :raises UnsupportedMediaType: the body is not a form.
    """
    _require_text(request.get_data(parse_form_data=False))
    if request.mimetype not in FORMS and (request.mimetype or request.get_data()):
        raise UnsupportedMediaType
    # A part of a multipart body may have no name; then it is no field.
    fields = {name: value for name, value in request.form.items() if name}
    if any(UNREADABLE in name or UNREADABLE in value for name, value in fields.items()):
        raise BadBody("The body is not UTF-8.")
    return fields


def _require_text(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        raise BadBody("The body is not UTF-8.") from None


def _json() -> Any:
    try:
        # Not Python's own parser: it takes NaN and lone surrogates, and recurses without limit.
        fields = from_json(request.get_data(), allow_inf_nan=False)
    except ValueError as error:
        # Says what was expected and where, and quotes nothing.
        raise BadBody(f"The body is not JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise BadBody("The body is JSON, but not an object with fields.")
    return fields


def _hint(fields: dict[str, Any]) -> str:
    """What the commonest mistake with curl looks like from here."""
    if any(name.lstrip().startswith("{") for name in fields):
        return " The body looks like JSON; then its Content-Type must be application/json."
    return ""


def _in_words(problem: ErrorDetails) -> str:
    wrong = {
        "missing": "is missing",
        "string_too_short": "is empty",
        "literal_error": "is none of the words that it may be",
        "dict_type": "is not an object",
    }
    return f"{problem['loc'][0]} {wrong.get(problem['type'], 'is not text')}."


def session_id() -> str | None:
    """The session id that the request carries, if it carries one."""
    sent = request.environ
    found: str | None = current_app.config[SESSION_ID](
        sent.get("HTTP_AUTHORIZATION"), sent.get("HTTP_COOKIE")
    )
    return found


def page_before() -> int | None:
    """Where the page that is asked for begins; a number that is none is not there."""
    given = request.args.get("before", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < DIGITS else None


def hand_over(response: Response, session_id: str) -> Response:
    """Put the session into a cookie that scripts and other sites' forms do not get.

    Another one makes the browser a device that the account knows.
    """
    if auth().classic:
        response.set_cookie(COOKIE, session_id)
        return response
    response.set_cookie(cookie_name(COOKIE), session_id, **kept_close())
    return keep_known(response, auth().known_devices.remember(session_id, device().cookie))


def keep_known(response: Response, known: str | None) -> Response:
    """Put into a cookie by what an account knows the browser, if there is anything."""
    if known:
        response.set_cookie(cookie_name(DEVICE_COOKIE), known, max_age=LIFETIME, **kept_close())
    return response


def hold_back(response: Response, owed: FactorOwed) -> Response:
    """Have the cookie carry the login that owes a factor.

    It is no session and opens nothing; the device is not known by it.
    """
    if owed.login_id:
        response.set_cookie(cookie_name(COOKIE), owed.login_id, **kept_close())
    return response


def forget(response: Leaving) -> Leaving:
    """Have the browser drop the cookie of a session that is over: nothing of it stays there."""
    if not auth().classic:
        response.delete_cookie(cookie_name(COOKIE), **kept_close())
    return response


def kept_close() -> dict[str, Any]:
    """What keeps the cookie from scripts, other sites' forms and, under https, from http."""
    secure = current_app.config["HTTPS"]
    return {"path": "/", "secure": secure, "httponly": True, "samesite": "Lax"}


def answer(**body: Any) -> Response:
    """A JSON answer of exactly these keys."""
    return Response(as_json(body), mimetype="application/json")


def guard(
    app: Flask, settings: Settings, as_asked: Callable[[Response], Response] = lambda found: found
) -> None:
    """Hang the door into ``app``: limits on bodies, headers, and an answer for every refusal.

    :param as_asked: makes a page of a problem, where somebody looks at a page.
    """
    https = is_https(settings)
    app.config.update(
        CLASSIC=settings.classic,
        HTTPS=https,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=20,
    )
    app.config[TRUSTED_PROXIES] = settings.trusted_proxies
    app.config[SESSION_ID] = session_id_reader(https=https, bearer=not settings.classic)
    # Flask's own sessions live in a cookie's value; ours live in the database.
    app.session_interface = NoFlaskSession()
    checks = [
        _refused_already,
        *([_classic_is_local] if settings.classic else own_origin(settings)),
    ]

    @app.before_request
    def check() -> None:
        # One function for all: each that Flask calls costs a session check two hundredths.
        try:
            for each in checks:
                each()
        except CrossSite:
            auth().audit.refuse("request", "cross_site")
            raise

    answer_refusals(app, as_asked)
    app.register_error_handler(FactorOwed, lambda owed: hold_back(refuse(owed), owed))
    # setattr: mypy takes the assignment of a method for a mistake, Flask documents it as the way.
    setattr(app, "dispatch_request", _settled(app.dispatch_request))  # noqa: B010
    add_headers(app, settings)


def _settled(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    """Answer again from the start when the database asks for a transaction to be tried again.

    Nothing was stored then, so it is what the client itself would do next.
    """
    return lambda *given: until_settled(lambda: dispatch(*given))


class NoFlaskSession(SessionInterface):
    """No session of Flask's own is opened or saved."""

    def open_session(self, app: Flask, request: Any) -> NullSession:  # noqa: ARG002
        """The session that refuses to be used."""
        return NO_SESSION

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        """Save nothing."""


NO_SESSION = NullSession()


def _refused_already() -> None:
    why = request.environ.get(REFUSED)
    if isinstance(why, Exception):
        raise why
    if why:
        abort(why)


def _classic_is_local() -> None:
    """The classic profile hands out reset tokens, so only this machine may ask it.

    A proxy's header means that somebody else does; so does a name that leads here by DNS alone.
    """
    proxied = any(PROXY_HEADERS.fullmatch(name) for name in request.headers.keys())  # noqa: SIM118
    host = request.host if request.host.endswith("]") else request.host.rpartition(":")[0]
    host = (host or request.host).strip("[]")
    if proxied or not is_loopback(request.remote_addr or "") or not _leads_home(host):
        raise NotLocal


def _leads_home(host: str) -> bool:
    # Exercise scripts often call 0.0.0.0, which leads to this machine too.
    return is_loopback(host) or host == "0.0.0.0"  # noqa: S104 - compared, not bound.
