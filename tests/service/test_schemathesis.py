"""Whatever a client sends, the answer is one that the OpenAPI document describes, and no 5xx."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.stage.visits import ALICE, PASSWORD, register

CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    # What fails is shown as it came: shrinking it would take minutes.
    phases=[Phase.explicit, Phase.generate],
)
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


def session_of(app: Flask) -> str:
    client = app.test_client()
    register(client)
    client.post("/sessions", data={"email": ALICE, "password": PASSWORD})
    cookie = client.get_cookie("session_id")
    assert cookie is not None
    return str(cookie.value)


def from_this_machine(app: Flask) -> Any:
    """The application, asked as the classic profile wants to be."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        return app(environ | {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"}, start_response)

    return application


def can_be_wrong(operation: Any) -> bool:
    return bool(operation.body or operation.query or operation.path_parameters)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_every_answer_is_one_that_is_described(
    app: Flask, mode: schemathesis.GenerationMode
) -> None:
    schema: Any = schemathesis.openapi.from_wsgi("/openapi.json", from_this_machine(app))
    operations = [result.ok() for result in schema.get_all_operations()]
    if mode == schemathesis.GenerationMode.NEGATIVE:
        operations = [operation for operation in operations if can_be_wrong(operation)]
    # Half of the visitors are signed in.
    cookies = [{"session_id": session_of(app)}, {}]
    tried = []
    for operation in operations:

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers_as_described(case: Any) -> None:
            tried.append(case.operation.label)
            cookies.reverse()
            case.call_and_validate(checks=CHECKS, cookies=cookies[0])

        answers_as_described()
    assert len(set(tried)) == len(operations) >= 4
    assert len(tried) > 100
