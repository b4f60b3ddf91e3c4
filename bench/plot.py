"""Plots as SVG: bars and lines, for light pages and dark ones, with every number written out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

WIDTH, MARGIN = 760, 16
LABELS, VALUES = 290, 80
BAR, GAP, HEAD = 20, 12, 52
PLOT_HEIGHT, LEFT = 260, 70
# Text and lines take the page's side; the two fills stand out from white and from black.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .quiet { fill: #57606a }
  .own { fill: #0969da } .other { fill: #8c959f }
  .grid { stroke: #8c959f; stroke-opacity: .35 }
  .line { fill: none; stroke-width: 2.5 }
  .s0 { stroke: #0969da } .s1 { stroke: #bf8700 } .s2 { stroke: #8250df } .s3 { stroke: #1a7f37 }
  .d0 { fill: #0969da } .d1 { fill: #bf8700 } .d2 { fill: #8250df } .d3 { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .own, .d0 { fill: #4493f8 }
    .s0 { stroke: #4493f8 } .d2 { fill: #ab7df8 } .s2 { stroke: #ab7df8 }
    .d3 { fill: #3fb950 } .s3 { stroke: #3fb950 }
  }
"""


class Bar(NamedTuple):
    """A bar, and the words beside it."""

    label: str
    value: float
    said: str
    own: bool = False


class Line(NamedTuple):
    """A line through points, the first number being the one along the bottom."""

    label: str
    points: Sequence[tuple[float, float]]


def bars(title: str, under: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars from zero, in the order given."""
    most = max(row.value for row in rows)
    room = WIDTH - 2 * MARGIN - LABELS - VALUES
    parts = list(_heading(title, under))
    for number, row in enumerate(rows):
        top = HEAD + MARGIN + number * (BAR + GAP)
        wide = max(1.0, room * row.value / most)
        left, middle = MARGIN + LABELS, top + BAR * 0.72
        kind = "own" if row.own else "other"
        parts += [
            _text(left - 10, middle, row.label, end=True),
            f'<rect class="{kind}" x="{left}" y="{top}" width="{wide:.1f}" height="{BAR}" rx="2"/>',
            _text(left + wide + 8, middle, row.said),
        ]
    return _svg(HEAD + 2 * MARGIN + len(rows) * (BAR + GAP) - GAP, title, parts)


def lines(title: str, under: str, series: Sequence[Line]) -> str:
    """Lines from zero upwards, over a scale along the bottom on which each step is ten times."""
    across = sorted({x for each in series for x, _ in each.points})
    most = _round_up(max(y for each in series for _, y in each.points))
    first, last = math.log10(across[0]), math.log10(across[-1])
    width, bottom = WIDTH - LEFT - 2 * MARGIN - LABELS // 2, HEAD + MARGIN + PLOT_HEIGHT

    def at(x: float, y: float) -> tuple[float, float]:
        part = (math.log10(x) - first) / ((last - first) or 1)
        return LEFT + MARGIN + part * width, bottom - y / most * PLOT_HEIGHT

    parts = list(_heading(title, under))
    for step in range(5):
        value = most * step / 4
        left, height = at(across[0], value)
        parts.append(f'<path class="grid" d="M{left:.1f} {height:.1f}h{width}"/>')
        parts.append(_text(left - 10, height + 4, f"{value:,.10g}", end=True, kind="quiet"))
    for x in across:
        parts.append(_text(at(x, 0)[0], bottom + 20, f"{x:,.0f}", kind="quiet", middle=True))
    for number, each in enumerate(series):
        parts += _line(number, each, [at(*point) for point in each.points])
    return _svg(bottom + 2 * MARGIN + 8, title, parts)


def _line(number: int, series: Line, places: list[tuple[float, float]]) -> Iterator[str]:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    yield f'<path class="line s{number}" d="M{path}"/>'
    for x, y in places:
        yield f'<circle class="d{number}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    x, y = places[-1]
    yield _text(x + 10, y + 4, series.label)


def _round_up(value: float) -> float:
    """The next number that a scale ends well with."""
    size: float = 10 ** math.floor(math.log10(value))
    return next(size * step for step in (1, 2, 4, 8, 10) if size * step >= value)


def _heading(title: str, under: str) -> Iterator[str]:
    yield _text(MARGIN, MARGIN + 12, title, kind="title")
    yield _text(MARGIN, MARGIN + 32, under, kind="quiet")


def _text(
    x: float, y: float, words: str, *, kind: str = "", end: bool = False, middle: bool = False
) -> str:
    anchor = ' text-anchor="end"' if end else ' text-anchor="middle"' if middle else ""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}{anchor}>{escape(words)}</text>'


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>", *parts, "</svg>", ""]
    )
