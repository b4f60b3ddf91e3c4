"""The OpenAPI 3.1 document, made from what stands beside each route."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, Literal, NamedTuple, TypeVar

from flask import Blueprint, Flask, Response, current_app
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from vestibule.auth.errors import FactorOwed, LoginNotRecent, NoSession, Rule
from vestibule.config import VERSION
from vestibule.web.door import FORMS, answer
from vestibule.web.origins import BY_TOKEN
from vestibule.web.problems import CROSS_SITE, HTTP_PROBLEMS, PROBLEM, STATUS, problem_body
from vestibule.web.visitors import COOKIE

openapi = Blueprint("openapi", __name__)
View = TypeVar("View", bound=Callable[..., Any])
JSON = "application/json"
HTML = "text/html"
REF = "#/components/schemas/{model}"
NOTE = "_vestibule_operation"
# What may be shown besides a password.
Factor = Literal["otp", "passkey", "recovery"]
# A factor that is shown, or one that is added.
Owes = Literal["factor", "enrol"]


class Problem(BaseModel):
    """Why a request was refused (RFC 9457). ``code`` is stable; ``detail`` is for people."""

    type: str
    status: int
    code: str
    detail: str


class PasswordProblem(Problem):
    """Why a new password was refused: ``rule`` is stable, and for programs."""

    rule: Rule


class FactorProblem(Problem):
    """The password was right, and one of these ``factors`` is to be shown as well."""

    owes: Owes
    factors: list[Factor]


class Answer(NamedTuple):
    """One way in which a route answers."""

    status: int
    description: str
    example: dict[str, Any] | str | None = None
    models: tuple[type[BaseModel], ...] = ()
    content_type: str = JSON
    headers: tuple[str, ...] = ()


class Operation(NamedTuple):
    """What a route is for, what it reads, and how it answers."""

    summary: str
    answers: tuple[Answer, ...]
    body: type[BaseModel] | None = None
    example: dict[str, Any] | None = None
    kinds: tuple[str, ...] = (JSON, *FORMS)
    query: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    cookie: bool = False
    # Whether it changes something, and so is closed to other sites' pages.
    changes: bool = False
    storage: bool = True


def refusal(code: str, detail: str, *headers: str, status: int | None = None) -> Answer:
    """A refusal with this ``code``; the table of the door knows its status."""
    status = status or STATUS[code]
    return Answer(status, detail, problem_body(status, code, detail), (Problem,), PROBLEM, headers)


NO_SESSION = refusal("session_none", str(NoSession()))
NOT_RECENT = refusal("login_not_recent", str(LoginNotRecent()))


TOO_LONG = refusal("password_too_long", "A password has at most 1024 characters.")
REFUSED_PASSWORD = refusal("password_refused", "A password has at least 8 characters.")
REFUSED_PASSWORD = REFUSED_PASSWORD._replace(
    example=problem_body(400, "password_refused", REFUSED_PASSWORD.description)
    | {"rule": "too_short"},
    models=(PasswordProblem,),
)
BAD_ADDRESS = refusal("email_invalid", "An email address must have an @-sign.")
BAD_CREDENTIALS = refusal("credentials_wrong", "Wrong address or password.")
FACTOR_OWED = refusal(FactorOwed.code, str(FactorOwed(())))
FACTOR_OWED = FACTOR_OWED._replace(
    example=problem_body(401, FactorOwed.code, FACTOR_OWED.description)
    | {"owes": "factor", "factors": ["otp", "recovery"]},
    models=(FactorProblem,),
)
BAD_TOKEN = refusal("token_invalid", "This token is unknown, expired or used.")
IN_USE = refusal("email_in_use", "Another account has this address.")
TOO_MANY = refusal("attempts_exceeded", "Too many attempts.", "Retry-After")


def field_refusal(status: int) -> Answer:
    """The refusal of a field that is missing, empty or not text."""
    return refusal("field_invalid", "email is missing.", status=status)


def page(status: int, description: str) -> Answer:
    """A page to look at."""
    return Answer(status, description, "<!doctype html>", content_type=HTML)


BUSY_PAGE = page(503, "Too many requests wait already")._replace(headers=("Retry-After",))


def describe(operation: Operation) -> Callable[[View], View]:
    """Write ``operation`` beside its view."""

    def note(view: View) -> View:
        setattr(view, NOTE, operation)
        return view

    return note


@openapi.get("/openapi.json")
@describe(
    Operation("This document", (Answer(200, "OpenAPI 3.1", {"openapi": "3.1.0"}),), storage=False)
)
def document_as_json() -> Response:
    """Serve the document."""
    return answer(**document(current_app))


def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of every described route of ``app``."""
    paths: dict[str, dict[str, Any]] = {}
    models: set[type[BaseModel]] = {Problem}
    for path, method, operation in operations(app):
        paths.setdefault(path, {})[method] = _operation(operation)
        models.update(_models(operation))
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in ordered], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vestibule",
            "version": VERSION,
            "summary": "User authentication you can see through.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": COOKIE}},
        },
    }


def operations(app: Flask) -> Iterator[tuple[str, str, Operation]]:
    """Path, method and description of every described route."""
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], NOTE, None)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if operation:
                changes = method != "GET" and rule.endpoint not in BY_TOKEN
                path = rule.rule.replace("<", "{").replace(">", "}")
                yield path, method.lower(), operation._replace(changes=changes)


def taking_passwords(app: Flask) -> frozenset[tuple[str, str]]:
    """Method and path of every route that is sent a password, and so is dear to answer."""
    return frozenset(
        (method.upper(), path)
        for path, method, operation in operations(app)
        if operation.body and any("password" in name for name in operation.body.model_fields)
    )


def shows_pages(view: Callable[..., Any]) -> bool:
    """Whether people look at what this view answers."""
    operation: Operation | None = getattr(view, NOTE, None)
    return operation is not None and any(each.content_type == HTML for each in operation.answers)


def _operation(operation: Operation) -> dict[str, Any]:
    ordered = sorted(_answers(operation), key=lambda each: each.status)
    by_status = groupby(ordered, key=lambda each: each.status)
    described: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {str(status): _response(list(group)) for status, group in by_status},
    }
    parameters = [_parameter(name, "query") for name in operation.query]
    parameters += [_parameter(name, "path") for name in operation.path]
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        schema = {"$ref": REF.format(model=operation.body.__name__)}
        content = {"schema": schema, "example": operation.example}
        described["requestBody"] = {
            "required": True,
            "content": dict.fromkeys(operation.kinds, content),
        }
    if operation.cookie:
        described["security"] = [{"session": []}]
    return described


def _parameter(name: str, where: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string"}}


def _answers(operation: Operation) -> Iterator[Answer]:
    """The route's own answers, and those that every route of its kind shares.

    Where people look, what is shared is a page for who prefers that.
    """
    yield from operation.answers
    looked_at = any(each.content_type == HTML for each in operation.answers)
    for each in _shared(operation):
        yield each
        if looked_at:
            yield page(each.status, each.description)


def _shared(operation: Operation) -> Iterator[Answer]:
    if operation.body:
        yield refusal("body_malformed", "The body is not what its type says.", status=400)
        for status in (408, 411, 413, 415):
            yield refusal(*HTTP_PROBLEMS[status], status=status)
        yield refusal(*HTTP_PROBLEMS[503], "Retry-After", status=503)
    if operation.changes:
        status, code, detail = CROSS_SITE
        yield refusal(code, detail, status=status)
    if operation.storage:
        detail = "The service cannot reach its storage now."
        yield refusal("storage_unavailable", detail, "Retry-After", status=503)


def _response(answers: list[Answer]) -> dict[str, Any]:
    """The ways to answer with one status, by content type and then by example."""
    headers = {
        name: {"schema": {"type": "string"}, "required": True} for name in answers[0].headers
    }
    by_type: dict[str, list[Answer]] = {}
    for each in answers:
        if each.example is not None:
            by_type.setdefault(each.content_type, []).append(each)
    described = {
        "description": answers[0].description,
        "headers": headers,
        "content": {content_type: _content(same) for content_type, same in by_type.items()},
    }
    return {name: value for name, value in described.items() if value}


def _content(answers: list[Answer]) -> dict[str, Any]:
    first = answers[0]
    if isinstance(first.example, str):
        return {"schema": {"type": "string"}, "example": first.example}
    models = dict.fromkeys(model for each in answers for model in each.models)
    references = [{"$ref": REF.format(model=model.__name__)} for model in models]
    schema = (
        {"anyOf": references} if len(references) > 1 else (references or [{"type": "object"}])[0]
    )
    if len(answers) == 1:
        return {"schema": schema, "example": first.example}
    named = {each.example["code"]: each for each in answers if isinstance(each.example, dict)}
    examples = {
        code: {"summary": each.description, "value": each.example} for code, each in named.items()
    }
    return {"schema": schema, "examples": examples}


def _models(operation: Operation) -> Iterator[type[BaseModel]]:
    if operation.body:
        yield operation.body
    for each in _answers(operation):
        yield from each.models
