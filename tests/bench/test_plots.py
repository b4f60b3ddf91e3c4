"""Plots say in numbers what they draw, and are as long as it says."""

from __future__ import annotations

import re
from xml.etree.ElementTree import fromstring

import pytest

from bench import plot
from bench.growth import HEADINGS
from bench.page import GROWTH, MINUTES, grown, part, plots
from tests.bench.runs import run

SVG = "{http://www.w3.org/2000/svg}"
GROWN = {
    "rows": [
        dict.fromkeys(HEADINGS, people / 1000) | {"people": people, "of the first": 0.91}
        for people in (10_000, 1_000_000)
    ]
}


def texts(drawn: str) -> list[str]:
    return [each.text or "" for each in fromstring(drawn).iter(f"{SVG}text")]  # noqa: S314


def test_bars_are_as_long_as_their_numbers_and_in_the_order_given() -> None:
    rows = [plot.Bar("a & b", 50, "50 a second", own=True), plot.Bar("c", 100, "100 a second")]
    drawn = plot.bars("Title", "under it", rows)
    widths = [float(each) for each in re.findall(r'<rect [^>]*width="([\d.]+)"', drawn)]
    assert widths[1] == 2 * widths[0]
    assert texts(drawn)[2:] == ["a & b", "50 a second", "c", "100 a second"]


def test_lines_rise_with_their_numbers() -> None:
    drawn = plot.lines("Title", "under", [plot.Line("checks", [(10, 5), (100, 5), (1000, 9)])])
    heights = [float(each) for each in re.findall(r'cy="([\d.]+)"', drawn)]
    assert heights[0] == heights[1] > heights[2]
    assert {"10", "100", "1,000", "checks"} <= set(texts(drawn))


def test_both_sides_of_a_page_are_thought_of() -> None:
    assert "prefers-color-scheme: dark" in plot.bars("t", "u", [plot.Bar("a", 1, "1")])


def test_what_grew_is_a_table_and_two_plots() -> None:
    runs = {"sqlite": run(), GROWTH: GROWN}
    assert grown(runs).keys() == {"growth.svg", "cost.svg"} <= plots(runs).keys()
    assert "| 1,000,000 |" in part(GROWTH, runs)
    assert part(GROWTH, runs).count("](performance/") == 2
    assert (
        "| checks with the most people, of those with the fewest | ≥ 0.80 | 0.91 | reached |"
        in (part("to reach", runs))
    )


@pytest.mark.parametrize(("end", "verdict"), [(74.0, "reached"), (77.0, "**NOT REACHED**")])
def test_ten_minutes_are_judged(end: float, verdict: str) -> None:
    held = {"begun": 60.0, "warm": 73.0, "end": end, "most": 90.0}
    said = part("to reach", {"sqlite": run(), MINUTES: held})
    (line,) = [each for each in said.splitlines() if "grown since" in each]
    assert line.endswith(f"{verdict} |")
    assert f"{end:.1f} MB" in part(MINUTES, {MINUTES: held})
