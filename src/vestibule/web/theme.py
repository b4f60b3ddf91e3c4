"""What makes the pages an operator's own: the name, the logo and the colours.

All of it is read when the service starts, and kept. An SVG may hold scripts: as a picture none of
them runs, and looked at by itself it has the policy of every other answer, which allows none.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from pathlib import Path
from typing import NamedTuple, cast

from flask import Blueprint, Flask, Response, current_app, request
from markupsafe import Markup

from vestibule.config import PREFIX, BadSetting, Settings
from vestibule.config.colours import ACCENT, DARK, LIGHT, Scheme, mixed, text_on
from vestibule.web.openapi import Answer, Operation, describe

log = logging.getLogger(__name__)

theme = Blueprint("theme", __name__)

THEME = "theme"
HERE = Path(__file__).parent
STYLE = HERE / "style.css"
ICON = HERE / "static" / "icon.svg"
# The line of our own picture, whose ground is the accent.
ICON_LINE = "#c9bcff"
LINE_SHARE = 0.3
MOST_BYTES = 256 * 1024
SVG = "image/svg+xml"
# What files of a kind begin with. A name says little: browsers are told, and look no further.
BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
SAME = Answer(304, "It is the same that the browser kept")
CSS = """\
:root {{ --accent: {0}; --on-accent: {1}; --tint: {2}; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --accent: {3}; --on-accent: {4}; --tint: {5}; }}
}}
"""


class Asset(NamedTuple):
    """A file that browsers keep, and ask whether it is still the same."""

    content: bytes
    kind: str


class Theme:
    """What an operator says of how pages look; what is not said is as it comes with the service."""

    def __init__(self, settings: Settings) -> None:
        """Read it.

        :raises BadSetting: the logo is no picture.
        """
        # The exercise has pages, and no routes for these.
        accents = None if settings.classic else settings.accents
        logo = None if settings.classic else settings.site_logo
        css = _css(accents.light, accents.dark) if accents else ""
        # In each page, not beside it: a browser shows nothing until it has the style, and would
        # have to ask for it first.
        self.style = Markup(STYLE.read_text(encoding="utf-8") + css)  # noqa: S704 - ours.
        if logo:
            self.logo = Asset(*read_logo(logo))
        else:
            self.logo = Asset(_icon(accents.light if accents else ACCENT), SVG)
        self.picture = "/theme/logo" if accents or logo else f"/static/{ICON.name}"

    @property
    def style_source(self) -> str:
        """What a content policy calls the style, and no other: its digest (CSP, section 2.3.1)."""
        digest = hashlib.sha256(self.style.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"


def put_on(app: Flask, settings: Settings) -> Theme:
    """Give ``app`` its theme. A logo that is gone since the start is passed over for ours."""
    try:
        found = Theme(settings)
    except BadSetting:
        log.exception("page.logo_broken")
        found = Theme(settings.model_copy(update={"site_logo": None}))
    app.extensions[THEME] = found
    return found


def read_logo(path: Path) -> tuple[bytes, str]:
    """The picture in a file, and what browsers call its kind.

    :raises BadSetting: it cannot be read, is too large, or is no picture that browsers show.
    """
    try:
        with path.open("rb") as file:
            # Bounded: somebody may name a device that never ends.
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unusable(f"cannot read {path}: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise _unusable(f"{path} has more than {MOST_BYTES // 1024} KiB")
    kind = _kind(content)
    if kind is None:
        raise _unusable(f"{path} is no SVG, PNG, WebP, JPEG or GIF")
    return content, kind


def _kind(content: bytes) -> str | None:
    for beginning, kind in BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    text = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return SVG if text.startswith(b"<") and b"<svg" in text else None


def _css(light: str, dark: str) -> str:
    def colours(scheme: Scheme, accent: str) -> tuple[str, str, str]:
        return accent, text_on(accent), scheme.tint(accent)

    return CSS.format(*colours(LIGHT, light), *colours(DARK, dark))


def _icon(accent: str) -> bytes:
    drawn = ICON.read_text(encoding="utf-8").replace(ACCENT, accent)
    line = ICON_LINE if accent == ACCENT else mixed(accent, text_on(accent), LINE_SHARE)
    return drawn.replace(ICON_LINE, line).encode()


def _unusable(reason: str) -> BadSetting:
    return BadSetting(f"site_logo ({PREFIX}SITE_LOGO): {reason}.")


@theme.get("/theme/logo")
@describe(Operation("The picture beside the service", (Answer(200, "It"), SAME), storage=False))
def logo() -> Response:
    """Serve the picture."""
    asset = cast(Theme, current_app.extensions[THEME]).logo
    response = Response(asset.content, content_type=asset.kind)
    response.add_etag()
    # As with the other files of pages: kept, and asked for whenever it is needed.
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request.environ)
    return response
