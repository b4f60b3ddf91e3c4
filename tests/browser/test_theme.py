"""An operator's name, logo, colours, page and language, as a browser shows them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_every_page import found
from tests.browser.walk import register, somebody
from tests.stage.server import Server

# A drawing with styles, as programs write them, and with a script.
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30" width="90" height="30">
<style>.a { fill: #0b6e4f }</style><rect class="a" width="60" height="30"/>
<rect x="60" width="30" height="30" style="fill:#e0a100"/>
<script>document.title = "run"; fetch("/healthz")</script></svg>"""
HOME = '{% extends "page.html" %}{% block main %}<h1>Hi</h1>{% endblock %}'
DRAWN = """img => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.drawImage(img, 0, 0, 90, 30);
    const row = pen.getImageData(0, 15, 90, 1).data;
    return [15, 75].map(x => [...row.slice(4 * x, 4 * x + 3)]);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service, with all that an operator may choose."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "logo").write_text(LOGO)
    for name, file, text in (
        ("pages", "home.html", HOME),
        ("languages", "ar.toml", 'name = "العربية"\ndirection = "rtl"\n'),
    ):
        (folder / name).mkdir()
        (folder / name / file).write_text(text)
    server = Server(
        folder,
        site_name="Example & Co",
        site_logo=folder / "logo",
        site_accent="#0b6e4f",
        page_templates=folder / "pages",
        page_languages=folder / "languages",
    ).start()
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("theme", "colour"), [("light", "rgb(11, 110, 79)"), ("dark", "rgb(157, 197, 185)")]
)
def test_pages_have_the_colour_and_can_be_read(visit: Visit, theme: str, colour: str) -> None:
    page = visit(color_scheme=theme).page
    page.goto("/")
    expect(page).to_have_title("Example & Co")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hi")
    page.goto("/login")
    button = page.locator("main button[type=submit]").first
    expect(button).to_have_css("background-color", colour)
    assert found(page) == []
    register(page, somebody())
    assert found(page) == []
    page.goto("/account/sessions")
    assert found(page) == []


def test_a_drawn_logo_has_its_colours_and_runs_nothing(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.goto("/login")
    assert page.locator(".brand img").evaluate(DRAWN) == [[11, 110, 79], [224, 161, 0]]
    assert not [each.url for each in visitor.requests if "/healthz" in each.url]


def test_looked_at_by_itself_it_runs_nothing_either(visit: Visit) -> None:
    visitor = visit()
    with visitor.page.expect_event("load"):
        visitor.page.goto("/theme/logo")
    stopped, visitor.console[:] = list(visitor.console), []
    assert stopped
    assert all("Content Security Policy" in each for each in stopped)
    assert [each.url.rpartition("/")[2] for each in visitor.requests] == ["logo"]


def test_a_language_from_right_to_left_turns_the_page_around(visit: Visit) -> None:
    page = visit(locale="ar").page
    page.goto("/login")
    assert page.evaluate("() => getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    assert found(page) == []
