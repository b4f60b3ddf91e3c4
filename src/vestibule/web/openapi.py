"""The OpenAPI 3.1 document, made from what stands beside each route."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from flask import Blueprint, Flask, Response, current_app
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from vestibule.config import VERSION
from vestibule.web.door import COOKIE, FORMS, answer
from vestibule.web.problems import HTTP_PROBLEMS

openapi = Blueprint("openapi", __name__)
View = TypeVar("View", bound=Callable[..., Any])
REF = "#/components/schemas/{model}"
NOTE = "_vestibule_operation"


class Problem(BaseModel):
    """Why a request was refused (RFC 9457). ``code`` is stable; ``detail`` is for people."""

    type: str
    status: int
    code: str
    detail: str


class Answer(NamedTuple):
    """One way in which a route answers."""

    description: str
    example: dict[str, Any] | str | None = None
    models: tuple[type[BaseModel], ...] = ()
    content_type: str = "application/json"
    headers: tuple[str, ...] = ()
    # Other answers with the same status and another content type.
    also: tuple[Answer, ...] = ()


class Operation(NamedTuple):
    """What a route is for, what it reads, and how it answers."""

    summary: str
    answers: dict[int, Answer]
    body: type[BaseModel] | None = None
    example: dict[str, Any] | None = None
    cookie: bool = False
    storage: bool = True


def refusal(status: int, code: str, description: str, *headers: str) -> Answer:
    """A refusal with this ``code``."""
    example = {"type": "about:blank", "status": status, "code": code, "detail": description}
    return Answer(description, example, (Problem,), "application/problem+json", headers)


def describe(operation: Operation) -> Callable[[View], View]:
    """Write ``operation`` beside its view."""

    def note(view: View) -> View:
        setattr(view, NOTE, operation)
        return view

    return note


@openapi.get("/openapi.json")
@describe(
    Operation(
        "This document",
        {200: Answer("OpenAPI 3.1", {"openapi": "3.1.0"})},
        storage=False,
    )
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
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }


def operations(app: Flask) -> Iterator[tuple[str, str, Operation]]:
    """Path, method and description of every described route."""
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], NOTE, None)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if operation:
                yield rule.rule, method.lower(), operation


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {
            str(status): _response(answer) for status, answer in sorted(_answers(operation).items())
        },
    }
    if operation.body:
        content = {
            "schema": {"$ref": REF.format(model=operation.body.__name__)},
            "example": operation.example,
        }
        described["requestBody"] = {
            "required": True,
            "content": dict.fromkeys(("application/json", *FORMS), content),
        }
    if operation.cookie:
        described["security"] = [{"session": []}]
    return described


def _answers(operation: Operation) -> dict[int, Answer]:
    """The route's own answers, and those that every route of its kind shares."""
    shared: dict[int, Answer] = {}
    if operation.body:
        shared[400] = refusal(400, "body_malformed", "The body is not what its type says.")
        for status in (413, 415):
            shared[status] = refusal(status, *HTTP_PROBLEMS[status])
    if operation.storage:
        shared[503] = refusal(
            503, "storage_unavailable", "Storage is not there now; nothing changed.", "Retry-After"
        )
    return shared | operation.answers


def _response(answer: Answer) -> dict[str, Any]:
    response: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        response["headers"] = {
            name: {"schema": {"type": "string"}, "required": True} for name in answer.headers
        }
    if answer.example is not None:
        response["content"] = {
            each.content_type: {"schema": _schema(each), "example": each.example}
            for each in (answer, *answer.also)
        }
    return response


def _schema(answer: Answer) -> dict[str, Any]:
    if isinstance(answer.example, str):
        return {"type": "string"}
    references = [{"$ref": REF.format(model=model.__name__)} for model in answer.models]
    return {"anyOf": references} if len(references) > 1 else (references or [{"type": "object"}])[0]


def _models(operation: Operation) -> Iterator[type[BaseModel]]:
    if operation.body:
        yield operation.body
    for main in _answers(operation).values():
        for each in (main, *main.also):
            yield from each.models
