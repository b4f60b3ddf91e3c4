"""What pages carry of scripts: files of ours, the same for everybody, that make no HTML of text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.house.reading import SRC
from tests.stage.pages import look
from tests.stage.visits import log_in, register
from vestibule.web.page_templates import OURS

SCRIPTS = sorted((SRC / "web" / "static").glob("*.js"))
# Looking things up by these is safe whatever the document holds; ``document.name`` is not.
METHODS = {
    *("addEventListener", "createElement", "createTextNode", "getElementById", "querySelector"),
    *("querySelectorAll", "body", "documentElement"),
}
# What makes markup, or a program, of a text. The content policy stops it in newer browsers.
MAKERS = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_shows_text_as_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(MAKERS, text)
    assert not re.search(r'(set|put)Timeout\(\s*["\'`]', text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_name_in_the_document_is_taken_for_a_variable(path: Path) -> None:
    """An element with an id or name is a property of the document and the window, too."""
    text = path.read_text(encoding="utf-8")
    assert '"use strict";' in text, "an undeclared variable is an error"
    assert set(re.findall(r"\bdocument\.(\w+)", text)) <= METHODS
    assert not re.search(r"\bwindow\[|\bdocument\[|\bvar\b", text)


def served(client: FlaskClient) -> list[bytes]:
    """What this client gets of each."""
    contents = []
    for path in SCRIPTS:
        with client.get(f"/static/{path.name}") as answer:
            contents.append(answer.data)
    return contents


def test_scripts_are_the_same_for_everybody(strict: FlaskClient) -> None:
    nobody = served(strict)
    register(strict)
    log_in(strict)
    assert served(strict) == nobody == [path.read_bytes() for path in SCRIPTS]


def test_no_page_has_a_script_inside_or_a_style_of_its_own(strict: FlaskClient) -> None:
    for path in OURS.glob("*.html"):
        # The style of all of them is in the content policy.
        text = path.read_text(encoding="utf-8").replace("<style>{{ style }}</style>", "")
        assert not re.search(r"<script(?! src=\"/static/)|<style|\sstyle=|\son\w+=", text), path
    assert re.findall("<script[^>]*>", look(strict, "/login").text)
