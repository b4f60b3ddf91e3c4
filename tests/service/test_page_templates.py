"""An operator's templates take the place of ours; what is broken is told, and passed over."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Build
from tests.house.reading import ROOT, SRC
from tests.stage.pages import look, send
from tests.stage.profiles import STRICT
from vestibule.app import create_app
from vestibule.config import BadSetting, load
from vestibule.web.examples import EXAMPLES
from vestibule.web.page_templates import OURS
from vestibule.web.sheet import Sheets, require_usable
from vestibule.web.theme import Theme

# Around the pages, and parts of them.
LAYOUTS = {"page.html", "account_page.html", "parts.html"}
NAMES = {path.name for path in OURS.glob("*.html")}
PAGE = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
HOME = '{% extends "page.html" %}{% block main %}<h1>Hello from {{ site }}</h1>{% endblock %}'
LOGIN = (OURS / "login.html").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's templates: none yet."""
    path = tmp_path / "templates"
    path.mkdir()
    return path


def refusal(tmp_path: Path, **settings: Any) -> str:
    """Why the service does not start with these, before it made anything."""
    with pytest.raises(BadSetting) as refused:
        create_app(load(data=tmp_path / "data", **settings), worker=False)
    assert not (tmp_path / "data").exists()
    return str(refused.value)


def test_a_page_and_the_layout_around_all_take_the_place_of_ours(
    build: Build, folder: Path
) -> None:
    (folder / "home.html").write_text(HOME)
    layout = (OURS / "page.html").read_text().replace("<body", "{% include '_top.html' %}<body")
    (folder / "page.html").write_text(layout)
    (folder / "_top.html").write_text("<!-- {{ t.tag }} & {{ site }} -->")
    client = build(STRICT, page_templates=folder, site_name="A & B").test_client()
    home = look(client, "/", language="fr")
    assert "<h1>Hello from A &amp; B</h1>" in home.text
    assert "unsafe" not in home.headers["Content-Security-Policy"]
    for path, status in (("/", 200), ("/login", 200), ("/nowhere", 404)):
        assert "<!-- fr & A &amp; B -->" in look(client, path, status, language="fr").text


def test_what_a_template_shows_is_escaped_there_too(build: Build, folder: Path) -> None:
    (folder / "login.html").write_text(LOGIN.replace("<h1>", "<h1>{{ email }}{{ next }}"))
    client = build(STRICT, page_templates=folder).test_client()
    page = send(client, "/login", 401, email="<script>1</script>", password="x", next="<b>")
    assert "<h1>&lt;script&gt;1&lt;/script&gt;&lt;b&gt;" in page.text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("login.html", LOGIN.replace('"email", t(', '"mail", t('), 'not say name="email"'),
        ("login.html", LOGIN.replace('action="/login"', ""), 'not say action="/login"'),
        ("login.html", "{{ emial }}", "login.html: 'emial' is undefined"),
        ("login.html", "{% if %}", "login.html, line 1: "),
        ("login.html", "{{ t('login.titel') }}", "login.html: 'login.titel'"),
        ("login.html", "{{ trouble.field.x }}", "login.html: "),
        ("login.html", b"\xff", "login.html: "),
        ("parts.html", "{% macro alert() %}{% endmacro %}", "has no attribute 'passkey'"),
        ("page.html", "no block", "it does not say action="),
        ("logn.html", LOGIN, "logn.html replaces nothing: the pages are account.html, "),
    ],
)
def test_a_template_that_cannot_be_used_is_told_at_start(
    folder: Path, tmp_path: Path, name: str, content: str | bytes, told: str
) -> None:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    answer = refusal(tmp_path, page_templates=folder)
    assert answer.startswith("page_templates (VESTIBULE_PAGE_TEMPLATES): ")
    assert told in answer


def test_a_mistake_that_only_a_refusal_meets_is_told_too(folder: Path, tmp_path: Path) -> None:
    (folder / "login.html").write_text(
        LOGIN.replace("</h1>", "{% if trouble %}{{ nobody }}{% endif %}")
    )
    assert "'nobody' is undefined" in refusal(tmp_path, page_templates=folder)


@pytest.mark.parametrize("setting", ["page_templates", "page_languages"])
def test_what_is_no_folder_is_refused(tmp_path: Path, setting: str) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "nothing", tmp_path / "file"):
        told = refusal(tmp_path, **{setting: path})
        assert f"{setting} (VESTIBULE_{setting.upper()}): there is no directory" in told


@pytest.mark.parametrize("broken", ["{{ emial }}", "{% if %}", "{{ 1 / 0 }}", b"\xff"])
def test_a_template_that_breaks_later_is_passed_over_for_ours(
    folder: Path, caplog: pytest.LogCaptureFixture, broken: str | bytes
) -> None:
    (folder / "home.html").write_text(HOME)
    settings = load(page_templates=folder)
    sheets = Sheets(settings, Theme(settings))
    english = sheets.languages.all["en"]
    assert "Hello from" in sheets.render("home.html", english)
    content = broken.encode() if isinstance(broken, str) else broken
    (folder / "home.html").write_bytes(content + b" and more")
    page = sheets.render("home.html", english)
    assert "Bienvenue" in page
    assert "Hello from" not in page
    assert "page.template_broken" in caplog.text
    (folder / "home.html").write_text(HOME + "once more")
    assert "Hello from" in sheets.render("home.html", english)


def test_every_template_has_an_example_and_makes_a_page_of_it(folder: Path) -> None:
    assert set(EXAMPLES) == NAMES - LAYOUTS
    for name in NAMES:
        (folder / name).write_text((OURS / name).read_text())
    require_usable(load(page_templates=folder))


def test_an_example_has_what_the_page_is_given() -> None:
    """Each call that names its template gives what the example has, and nothing else."""
    given: dict[str, set[str]] = {}
    for path in (SRC / "web").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            first = node.args[0] if node.args else None
            named = isinstance(first, ast.Constant) and str(first.value).endswith(".html")
            # What is given as a whole is not told here.
            whole = all(each.arg for each in node.keywords)
            if (
                node.func.id in ("show", "refused")
                and named
                and whole
                and isinstance(first, ast.Constant)
            ):
                said = {str(each.arg) for each in node.keywords if each.arg}
                given.setdefault(str(first.value), set()).update(said)
    ours = {"trouble", "at", "instead", "status"}
    assert len(given) > 10
    assert {
        name: said - ours for name, said in given.items() if said - ours != set(EXAMPLES[name])
    } == {}


def test_the_page_tells_every_template_and_what_it_is_given() -> None:
    told = dict(re.findall(r"^\| `(\w+\.html)` \|.*\| ([^|]*) \|$", PAGE, re.MULTILINE))
    assert set(told) == NAMES
    for name, example in EXAMPLES.items():
        plain = re.sub(r"\(.*?\)", "", told[name])
        assert set(re.findall(r"`(\w+)`", plain)) == set(example), name
