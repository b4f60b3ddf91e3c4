"""An operator's colour on our pages: whether it can be read there, and what goes with it.

Contrast is that of WCAG 2.2: the ratio of two relative luminances, from 1 to 21.
"""

from __future__ import annotations

import re
from typing import NamedTuple

COLOUR = re.compile(r"#[0-9a-f]{6}")
# Of text, by success criterion 1.4.3 (AA).
LEAST = 4.5
# The same at AAA (1.4.6): what we choose ourselves may as well be read with ease.
EASY = 7.0
# What pages and mails have where nobody says another: the one of ``web/style.css``, when light.
ACCENT = "#4b2fb8"
WHITE, BLACK = "#ffffff", "#101014"
# How much of the colour is in a surface that is tinted with it.
TINT = 0.1
# By how much a colour that cannot be read is moved at a time.
STEP = 0.05


def read_colour(text: str) -> str:
    """A colour as ``#rrggbb``.

    :raises ValueError: it is none.
    """
    if not COLOUR.fullmatch(text.lower()):
        raise ValueError("say a colour as #rrggbb, as in #0b6e4f")
    return text.lower()


def contrast(one: str, other: str) -> float:
    """The contrast of two colours."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """The colour that has so large a ``share`` of ``one``, and else is ``other``."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


class Scheme(NamedTuple):
    """The surfaces of pages, light or dark; ``web/style.css`` has the same."""

    name: str
    paper: str
    card: str
    # What a colour is mixed with, to be read better.
    helps: str

    def tint(self, accent: str) -> str:
        """The surface that is tinted with ``accent``."""
        return mixed(accent, self.card, TINT)

    def contrast(self, accent: str) -> float:
        """The least contrast that text in ``accent`` has on any of the surfaces."""
        return min(contrast(accent, each) for each in (self.paper, self.card, self.tint(accent)))

    def readable(self, accent: str, least: float = LEAST) -> str:
        """``accent``, or the nearest to it that has so much contrast."""
        share = 1.0
        while self.contrast(mixed(accent, self.helps, share)) < least:
            share -= STEP
        return mixed(accent, self.helps, share)

    def require(self, accent: str) -> None:
        """Accept what can be read.

        :raises ValueError: it cannot; the text says what could.
        """
        found = self.contrast(accent)
        if found < LEAST:
            # Rounded down: 4.49 is not 4.5.
            raise ValueError(
                f"text in {accent} has a contrast of {int(found * 10) / 10} on {self.name} pages, "
                f"and needs {LEAST} (WCAG 2.2, 1.4.3); {self.readable(accent)} can be read"
            )


LIGHT = Scheme("light", "#f6f4fb", "#ffffff", BLACK)
DARK = Scheme("dark", "#131219", "#1c1a25", WHITE)


def text_on(accent: str) -> str:
    """The colour of text on a button of this one."""
    return max(WHITE, BLACK, key=lambda text: contrast(text, accent))


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _luminance(colour: str) -> float:
    shares = [part / 255 for part in _parts(colour)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
