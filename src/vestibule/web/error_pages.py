"""Refusals and failures as pages, for who looks at pages: what happened, and a way on."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from flask import Flask, Response, current_app, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from vestibule.web.openapi import HTML, JSON, shows_pages
from vestibule.web.problems import PROBLEM
from vestibule.web.sheet import LANGUAGE, SHEETS, Sheets, here, show, words

# The page for a path and the headers Accept, Accept-Language and Cookie, with headers of its own;
# none: JSON will do.
Page = Callable[[str, str | None, str | None, str | None], tuple[dict[str, str], bytes] | None]
# Where to try once more may help; elsewhere it would fail alike.
PASSING = frozenset({408, 429, 500, 503})


def prefers_pages() -> bool:
    """Whether who asks would rather have a page than JSON."""
    return _prefers(request.headers.get("Accept"))


def _prefers(accept: str | None) -> bool:
    return parse_accept_header(accept, MIMEAccept).best_match([JSON, HTML]) == HTML


def as_asked(response: Response) -> Response:
    """A problem as a page where people look, and as it is for programs.

    What answers programs alone answers them alike, whatever they say that they prefer.
    """
    if response.mimetype != PROBLEM or not _is_looked_at() or not prefers_pages():
        return response
    code, status = response.get_json()["code"], response.status_code
    known = code if f"problems.{code}" in words() else "other"
    page = show("error.html", status, code=known, again=here() if status in PASSING else None)
    for name, value in response.headers:
        if name in ("Retry-After", "Allow"):
            page.headers[name] = value
    return page


def _is_looked_at() -> bool:
    # Where there is nothing, somebody mistyped an address.
    found = request.endpoint
    return found is None or shows_pages(current_app.view_functions[found])


def busy_pages(app: Flask) -> Page:
    """What has the page that says that too many wait, written once: it is said under load."""
    rules = list(app.url_map.iter_rules())
    paths = {rule.rule for rule in rules if shows_pages(app.view_functions[rule.endpoint])}
    sheets: Sheets = app.extensions[SHEETS]
    given = {"code": "busy", "again": None}
    pages = {
        tag: sheets.render("error.html", said, **given).encode()
        for tag, said in sheets.languages.all.items()
    }
    headers = {name.lower(): value for name, value in sheets.headers.items()}
    headers["content-type"] = "text/html; charset=utf-8"
    name = f"__Host-{LANGUAGE}" if app.config["HTTPS"] else LANGUAGE

    def page(
        path: str, accept: str | None, languages: str | None, cookies: str | None
    ) -> tuple[dict[str, str], bytes] | None:
        if path not in paths or not _prefers(accept):
            return None
        chosen = _value(cookies or "", name)
        return headers, pages[sheets.languages.chosen(chosen, languages).tag]

    return page


def _value(cookies: str, name: str) -> str | None:
    try:
        found = SimpleCookie(cookies).get(name)
    except CookieError:
        return None
    return found.value if found else None
