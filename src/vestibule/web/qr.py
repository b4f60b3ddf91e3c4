"""A picture of a text, for a telephone's camera: an inline SVG that loads and styles nothing."""

from __future__ import annotations

# Of what is read from a screen, a seventh may be lost.
CORRECTION = "m"


def picture(text: str) -> str:
    """``text`` as a QR code: dark on light in any theme, as large as the page makes it."""
    # A megabyte in every worker, for those alone that draw.
    import segno  # noqa: PLC0415

    drawn: str = segno.make(text, error=CORRECTION, micro=False).svg_inline(
        omitsize=True, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )
    return drawn
