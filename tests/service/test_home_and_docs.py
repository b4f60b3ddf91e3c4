"""What people see in a browser: the home page and the page that shows the API."""

from __future__ import annotations

from html import escape

import pytest
from flask.testing import FlaskClient

from tests.stage.answers import says

PROGRAMS = [
    None,
    "*/*",
    "application/json",
    "application/*",
    "text/html;q=0.5, application/json",
    "text/html;q=0.1, */*;q=0.5",
    "image/png",
    "",
    "nonsense",
    "text/html;q=0, application/json",
]
BROWSERS = [
    "text/html",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html, application/json;q=0.9",
    "text/*",
]


@pytest.mark.parametrize("accept", PROGRAMS)
def test_programs_are_greeted_in_json(client: FlaskClient, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    says(client.get("/", headers=headers), 200, message="Bienvenue")


@pytest.mark.parametrize("accept", BROWSERS)
def test_browsers_get_the_home_page(client: FlaskClient, accept: str) -> None:
    response = client.get("/", headers={"Accept": accept})
    assert (response.status_code, response.content_type) == (200, "text/html; charset=utf-8")
    assert "Bienvenue" in response.text
    assert 'href="/docs"' in response.text


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_cache_keeps_the_two_apart(client: FlaskClient, accept: str) -> None:
    vary = client.get("/", headers={"Accept": accept}).headers["Vary"]
    assert {"Accept", "Cookie"} <= {name.strip() for name in vary.split(",")}


def test_the_docs_show_every_route(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    for path, methods in client.get("/openapi.json").get_json()["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {escape(path)}" in page.text
            assert escape(operation["summary"]) in page.text


def test_the_docs_show_every_field_and_every_answer(client: FlaskClient) -> None:
    page = client.get("/docs").text
    for field in ("email", "password", "reset_token", "new_password"):
        assert f"<code>{field}</code>" in page
    for answer in ("user created", "email already registered", "session_none"):
        assert answer in page


@pytest.mark.parametrize("path", ["/", "/docs", "/reset_password"])
def test_every_page_is_whole_and_has_a_title(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers={"Accept": "text/html"}).text
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert '<html lang="en">' in page
    assert "<title>" in page
    assert page.count("<h1>") == 1
