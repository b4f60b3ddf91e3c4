"""What tests read in a page: its form, what is on every page, and what it says."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
# Where the page's own form goes; the buttons of every page, and for passkeys, are others.
FORM = r'method="post" action="(/(?!language|logout|login/passkey|account/factors/passkeys")[^"]*)"'
# The pages' own scripts and pictures.
OURS = re.compile(
    r'<script src="/static/(?:forms|passkeys)\.js" defer></script>|<img src="/static/icon\.svg"'
    r'|<svg viewBox="[\d ]+" class="qr">(?:<path [^<>]*/>)*</svg>'
)
PASSKEYS = re.compile(r"<form[^>]*data-passkey.*?</form>", re.DOTALL)


def without_ours(page: str) -> str:
    """The page without the script and the picture that the layout has."""
    return OURS.sub("", page)


def field(page: TestResponse, name: str) -> dict[str, str]:
    """The attributes of the input with this name, in the page's own form; there must be one."""
    main = PASSKEYS.sub("", page.text.partition("<main")[2].partition("</main>")[0])
    (tag,) = re.findall(rf'<input[^>]* name="{name}"[^>]*>', main)
    return {key: unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}


def said_of(page: TestResponse, name: str) -> str:
    """What stands beside the field of this name as its error, which the field points at."""
    described = field(page, name)
    assert described.get("aria-invalid") == "true", page.text
    assert f"{name}-error" in described["aria-describedby"].split()
    (text,) = re.findall(rf'id="{name}-error">([^<]*)<', page.text)
    assert 'role="alert" id="trouble" tabindex="-1" autofocus' in page.text
    assert f'<a href="#{name}">{text}</a>' in page.text
    return unescape(text)


def look(
    client: FlaskClient,
    path: str,
    status: int = 200,
    *,
    language: str = "",
    host: str = "localhost",
) -> TestResponse:
    """The page at this path, as a browser asks for it."""
    more = {"Accept-Language": language, "Host": host}
    answer = client.get(path, headers=BROWSER | more)
    assert (answer.status_code, answer.mimetype) == (status, "text/html"), answer.text
    return answer


def send(client: FlaskClient, path: str, status: int = 303, **form: Any) -> TestResponse:
    """Send a form, as a browser does; the answer is a page or leads to one."""
    answer = client.post(path, data=form, headers=BROWSER | {"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "text/html"
    assert (status == 303) == ("Location" in answer.headers)
    return answer
