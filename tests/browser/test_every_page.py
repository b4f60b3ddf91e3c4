"""Every page, light and dark, narrow and wide: what axe-core finds, and what it leaves out."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.walk import pages
from tests.house.reading import ROOT
from tests.stage.server import Server
from vestibule.web.languages import Words

AXE = ROOT / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_BYTES = 30 * 1024
SMALL = """() => [...document.querySelectorAll("a, button, input:not([type=hidden])")]
    .filter((each) => !each.closest("p") && !each.matches(".skip, .unseen"))
    .filter((each) => each.offsetHeight < 24 || each.offsetWidth < 24)
    .map((each) => each.outerHTML)"""
WIDER = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
# What sticks out of the card that everything is on.
OUTSIDE = """() => {
    const right = document.querySelector("main").getBoundingClientRect().right;
    return [...document.querySelectorAll("main *:not(.unseen, thead, thead *)")]
        .filter((each) => each.getBoundingClientRect().right > right)
        .map((each) => each.outerHTML);
}"""


@cache
def axe() -> str:
    """The source of axe-core."""
    if not AXE.exists():
        pytest.skip("no axe-core on this machine: make test-browser brings it")
    return AXE.read_text(encoding="utf-8")


def found(page: Page) -> list[Any]:
    """What axe-core objects to or cannot tell."""
    page.evaluate(axe())
    told = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    assert len(told["passes"]) > 10
    return [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in (*told["violations"], *told["incomplete"])
    ]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(visit: Visit, site: Server, theme: str, width: int) -> None:
    visitor = visit(color_scheme=theme, viewport={"width": width, "height": 800}, locale="fr-FR")
    seen = []
    for name in pages(visitor.page, site):
        assert found(visitor.page) == [], name
        seen.append(name)
    assert len(set(seen)) == len(seen) >= 41


def test_every_page_fits_a_narrow_screen_and_a_finger(visit: Visit, site: Server, t: Words) -> None:
    visitor = visit(viewport={"width": 320, "height": 640}, locale=t.tag)
    for name in pages(visitor.page, site):
        assert not visitor.page.evaluate(WIDER), name
        assert visitor.page.evaluate(OUTSIDE) == [], name
        assert visitor.page.evaluate(SMALL) == [], name
        assert visitor.page.locator("h1").count() == 1, name


def test_the_first_page_is_small_and_asks_for_little(visit: Visit) -> None:
    for path in ("/", "/login", "/register"):
        visitor = visit()
        with visitor.page.expect_event("load"):
            visitor.page.goto(path)
        sizes = [each.sizes() for each in visitor.requests]
        whole = sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes)
        assert len(sizes) <= 7
        assert 2_000 < whole < MOST_BYTES
