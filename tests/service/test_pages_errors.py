"""Refusals and failures: pages with a way on for browsers, the same JSON as ever for programs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.pages import BROWSER, look, without_ours
from tests.stage.profiles import STRICT
from tests.stage.rsgi import Scope
from tests.stage.visits import ALICE, PASSWORD, register
from vestibule.auth.errors import StorageUnavailable
from vestibule.config import Settings
from vestibule.early import TooBusy
from vestibule.web.door import FORMS, REFUSED
from vestibule.web.error_pages import busy_pages
from vestibule.web.problems import HTTP_PROBLEMS

# What programs say that they prefer, if they say anything.
PROGRAMS: list[dict[str, str]] = [{}, {"Accept": "*/*"}, {"Accept": "application/json"}]
Request = tuple[str, str, dict[str, Any]]
REFUSALS: list[tuple[Request, int, str, str]] = [
    (("GET", "/nowhere", {}), 404, "route_unknown", "There is nothing here"),
    (("GET", "/users", {}), 405, "method_not_allowed", "not opened this way"),
    (("GET", "/logout", {}), 405, "method_not_allowed", "not opened this way"),
    (("POST", "/login", {"headers": {"Sec-Fetch-Site": "cross-site"}}), 403, "cross_site", "site"),
    (("POST", "/login", {"data": b"x" * 70_000}), 413, "body_too_large", "too much"),
    (
        ("POST", "/login", {"data": "{", "content_type": "text/plain"}),
        *(415, "media_type_unsupported", "cannot be done"),
    ),
    (
        ("POST", "/login", {"data": b"email=\xff", "content_type": FORMS[0]}),
        *(400, "body_malformed", "cannot be done"),
    ),
    (("POST", "/login", {"environ_overrides": {REFUSED: 503}}), 503, "busy", "wait already"),
    (("POST", "/login", {"environ_overrides": {REFUSED: 408}}), 408, "body_late", "too long"),
    (
        ("GET", "/account", {"environ_overrides": {REFUSED: StorageUnavailable("gone")}}),
        *(503, "storage_unavailable", "cannot reach our storage"),
    ),
]


def ask(client: FlaskClient, request: Request, headers: dict[str, str]) -> Any:
    method, path, given = request
    return client.open(
        path, method=method, **given | {"headers": headers | given.get("headers", {})}
    )


@pytest.mark.parametrize(("request_", "status", "code", "words"), REFUSALS)
def test_a_refusal_is_a_page_with_a_way_on_or_json(
    strict: FlaskClient, request_: Request, status: int, code: str, words: str
) -> None:
    page = ask(strict, request_, BROWSER)
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert words in page.text
    assert 'href="/"' in page.text.partition("<main")[2]
    assert 'role="alert"' in page.text
    for headers in PROGRAMS:
        answer = ask(strict, request_, headers)
        refuses(answer, status, code)
        for name in ("Retry-After", "Allow"):
            assert answer.headers.get(name) == page.headers.get(name)


def test_what_fails_here_is_a_page_too(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    app = build(STRICT)

    def fail(*_: Any) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setitem(app.view_functions, "account_pages.account", described(app, fail))
    page = look(app.test_client(), "/account", 500)
    assert "It is our fault" in page.text
    assert "mistake of ours" not in page.text
    refuses(app.test_client().get("/account"), 500, "internal_error")


def described(app: Flask, view: Any) -> Any:
    """A view that says of itself what the page of the account does."""
    vars(view).update(vars(app.view_functions["account_pages.account"]))
    return view


@pytest.mark.parametrize("path", ["/profile", "/sessions", "/profile/export", "/sessions/verify"])
def test_what_answers_programs_answers_them_alike(strict: FlaskClient, path: str) -> None:
    """A proxy that asks whether a session is open sends the browser's own headers along."""
    assert strict.get(path, headers=BROWSER).mimetype == "application/problem+json"


def test_a_form_of_a_name_that_is_not_ours_is_a_page(build: Build) -> None:
    client = build(STRICT, public_url="https://auth.example.com").test_client()
    page = look(client, "/login", 421, host="evil.example.com")
    assert "not our name" in page.text
    assert "evil" not in page.text


def test_nothing_of_a_path_comes_back(strict: FlaskClient) -> None:
    for path in ("/<script>alert(1)</script>", "/{{7*7}}", "/%22onload=%22x"):
        page = look(strict, path, 404).text
        assert not re.search(r"<(script|img|svg|b)\b|alert\(|onload|7\*7", without_ours(page))


def test_a_storm_is_told_in_the_visitors_language(build: Build) -> None:
    app = build(STRICT)
    settings: Any = {"public_url": None}
    refuse = TooBusy(Settings(**settings), busy_pages(app))
    for language, words in (
        ("fr-FR", "Trop de monde"),
        ("en", "Too many people"),
        ("", "Too many"),
    ):
        headers = {"accept": BROWSER["Accept"], "accept-language": language}
        answer = refuse(Scope("POST", "/login", **headers))
        assert answer.status == 503
        assert words in answer.body.decode()
        sent = dict(answer.headers)
        assert sent["content-type"] == "text/html; charset=utf-8"
        assert sent["content-length"] == str(len(answer.body))
        assert sent["retry-after"] == "1"
        assert "script-src 'self'" in sent["content-security-policy"]
    chosen = {"accept": "text/html", "accept-language": "en", "cookie": "a=b; language=fr"}
    assert b"Trop de monde" in refuse(Scope("POST", "/login", **chosen)).body
    for path, accept in (("/sessions", BROWSER["Accept"]), ("/login", "*/*"), ("/login", "")):
        answer = refuse(Scope("POST", path, accept=accept))
        assert dict(answer.headers)["content-type"] == "application/problem+json"


def test_who_waits_too_long_for_a_hash_keeps_what_was_typed(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vestibule.auth.errors import Busy  # noqa: PLC0415 - beside what raises it.

    app = build(STRICT)
    client = app.test_client()
    register(client)

    def busy(*_: Any) -> None:
        raise Busy

    monkeypatch.setattr("vestibule.auth.hashing.Hasher.verify", busy)
    page = client.post("/login", data={"email": ALICE, "password": PASSWORD}, headers=BROWSER)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    assert f'value="{ALICE}"' in page.text
    assert PASSWORD not in page.text


def test_every_problem_before_a_view_has_words(strict: FlaskClient) -> None:
    words = strict.application.extensions["sheets"].languages.all["en"]
    said = [code for code, _ in HTTP_PROBLEMS.values() if f"problems.{code}" in words]
    assert {"busy", "internal_error", "body_late", "route_unknown"} <= set(said)
    assert all(f"problems.{code}_more" in words for code in said)
