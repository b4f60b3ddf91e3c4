"""The OpenAPI document is valid, complete, and says nothing that is not so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

import vestibule
from tests.stage.visits import ALICE, PASSWORD, log_in, register

SOURCES = Path(vestibule.__file__).parent
# What every route of the kind can answer, whatever else it can.
WITH_BODY = {"400", "413", "415", "503"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """The document as a client reads it."""
    response = client.get("/openapi.json")
    assert (response.status_code, response.content_type) == (200, "application/json")
    body: dict[str, Any] = response.get_json()
    return body


# The forms and the cookie of the language need no storage.
ENTRY = ("/register", "/login", "/language", "/theme/logo")
OWN = {
    *("challenge_over", "email_in_use", "factor_needed", "factor_unknown", "factor_wrong"),
    *("factors_full", "passkey_copied", "passkey_known", "passkey_needed", "passkey_refused"),
    *("passkey_wrong", "passkeys_unavailable"),
    *("login_not_recent", "login_over", "session_unknown", "undo_open"),
}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def contents(document: dict[str, Any]) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    """Path, method, status, kind and content of every answer, once for each of its examples."""
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            for kind, content in response.get("content", {}).items():
                named = content.get("examples") or {"": {"value": content.get("example")}}
                for example in named.values():
                    yield path, method, status, kind, content | {"example": example["value"]}


def conforms(document: dict[str, Any], schema: dict[str, Any], example: Any) -> None:
    whole = schema | {"components": document["components"]}
    OAS31Validator(whole).validate(example)


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_route_is_in_it_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }
    assert served == {(path, method) for path, method, _ in operations(document)}


def test_every_route_says_what_it_is_for(document: dict[str, Any]) -> None:
    summaries = [operation["summary"] for _, _, operation in operations(document)]
    assert all(summaries)
    assert len(set(summaries)) == len(summaries)


def test_every_body_has_a_schema_and_an_example_that_fits(document: dict[str, Any]) -> None:
    bodies = [o["requestBody"]["content"] for _, _, o in operations(document) if "requestBody" in o]
    assert len(bodies) >= 5
    for content in bodies:
        for kind in content.values():
            conforms(document, kind["schema"], kind["example"])


def test_every_answer_has_an_example_that_fits(document: dict[str, Any]) -> None:
    found = list(contents(document))
    assert len(found) > 30
    for _, _, _, _, content in found:
        conforms(document, content["schema"], content["example"])


def test_every_example_has_its_own_status_and_kind(document: dict[str, Any]) -> None:
    for _, _, status, kind, content in contents(document):
        if kind == "application/problem+json":
            assert str(content["example"]["status"]) == status
        assert (kind.startswith("text/")) == isinstance(content["example"], str)


def test_every_code_in_it_is_in_the_code(document: dict[str, Any]) -> None:
    codes = {
        content["example"]["code"]
        for _, _, _, kind, content in contents(document)
        if kind == "application/problem+json"
    }
    where_examples_are = {"api.py", "links.py", "openapi.py", "pages.py", "profile.py"}
    sources = [path for path in SOURCES.rglob("*.py") if path.name not in where_examples_are]
    text = "".join(path.read_text() for path in sources)
    assert len(codes) >= 9
    assert [code for code in codes if f'"{code}"' not in text] == []


def test_every_code_of_a_refusal_is_in_it(document: dict[str, Any]) -> None:
    errors = (SOURCES / "auth" / "errors.py").read_text()
    codes = re.findall(r'^    code = "(\w+)"', errors, re.MULTILINE)
    assert len(codes) >= 9
    # A taken address is answered with the contract's exact body, which has no code; and the
    # classic profile has no list of sessions.
    elsewhere = {"email_taken"} | (set() if "/sessions/{public_id}" in document["paths"] else OWN)
    assert {code for code in codes if f"'{code}'" not in str(document)} <= elsewhere


def test_the_token_in_the_link_is_a_parameter(document: dict[str, Any]) -> None:
    (parameter,) = document["paths"]["/reset_password"]["get"]["parameters"]
    assert (parameter["name"], parameter["in"]) == ("token", "query")


def test_what_every_route_of_a_kind_can_answer_is_in_it(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        statuses = set(operation["responses"])
        if "requestBody" in operation:
            assert statuses >= WITH_BODY, (path, method)
        if path not in ("/", "/healthz", "/docs", "/openapi.json", "/reset_password", *ENTRY):
            assert "503" in statuses, (path, method)


def test_what_it_says_of_an_account_is_what_happens(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    example = paths["/users"]["post"]["responses"]["200"]["content"]["application/json"]["example"]
    assert register(client).get_json() == example | {"email": ALICE}
    log_in(client, ALICE, PASSWORD)
    answer = paths["/profile"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert client.get("/profile").get_json() == answer | {"email": ALICE}
