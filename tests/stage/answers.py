"""What answers look like: exact bodies of the contract, and problems with a stable code."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

LINK_SENT = "if that address has an account, a link is on its way"

# What some refusals tell besides.
MORE: dict[str, set[str]] = {"password_refused": {"rule"}, "factor_required": {"owes", "factors"}}


def says(response: TestResponse, status: int, /, **body: Any) -> None:
    """The answer has this status and exactly this JSON body."""
    assert (response.status_code, response.get_json()) == (status, body)
    assert response.content_type == "application/json"


def refuses(response: TestResponse, status: int, code: str) -> None:
    """The answer is a problem (RFC 9457) with this status and code."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body = response.get_json()
    more = MORE.get(code, set())
    assert body.keys() == {"type", "status", "code", "detail"} | more
    assert (body["type"], body["status"], body["code"]) == ("about:blank", status, code)
    assert body["detail"].endswith((".", ";", ")"))
