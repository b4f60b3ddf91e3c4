"""Every route as the service itself describes it: what is added later is attacked too."""

from __future__ import annotations

from typing import Any, NamedTuple

import requests

from tests.stage.server import Server, Visitor

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SAFE = ("GET", "HEAD", "OPTIONS")


class Route(NamedTuple):
    """One operation of the OpenAPI document."""

    method: str
    path: str
    # A body that is well formed: names and values.
    example: dict[str, Any]
    kinds: tuple[str, ...]
    query: tuple[str, ...]
    signed_in: bool

    @property
    def label(self) -> str:
        """What it is called."""
        return f"{self.method} {self.path}"

    def ask(
        self,
        visitor: Visitor,
        fields: dict[str, Any] | None = None,
        *,
        kind: str | None = None,
        **more: Any,
    ) -> requests.Response:
        """Ask for it, by default with a body that is well formed."""
        body = self.example if fields is None else fields
        kind = kind or (self.kinds[0] if self.kinds else "")
        carried = {"json": body} if kind == JSON else {"data": body}
        path = self.path.replace("{", "").replace("}", "")
        return visitor.request(self.method, path, **(carried if self.kinds else {}), **more)


def routes(server: Server) -> list[Route]:
    """Every operation of the OpenAPI document that the server shows."""
    with server.visitor() as visitor:
        document = visitor.get("/openapi.json").json()
    return [
        _route(method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _route(method: str, path: str, operation: dict[str, Any]) -> Route:
    content = operation.get("requestBody", {}).get("content", {})
    examples = [each["example"] for each in content.values() if each.get("example")]
    parameters = operation.get("parameters", [])
    return Route(
        method,
        path,
        examples[0] if examples else {},
        tuple(content),
        tuple(each["name"] for each in parameters if each["in"] == "query"),
        bool(operation.get("security")),
    )
