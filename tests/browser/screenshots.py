"""``make screenshots``: every page, light and dark, on a telephone and on a desk."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.walk import pages
from tests.browser.watching import Watched, chromium
from tests.house.reading import ROOT
from tests.stage.server import Server

FOLDER = ROOT / "docs" / "screens"
HEIGHTS = {360: 740, 1280: 800}


def main() -> None:
    """Take them all anew."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        site = Server(Path(folder)).start()
        url = site.url.replace("127.0.0.1", "localhost")
        for theme in ("light", "dark"):
            for width, height in HEIGHTS.items():
                size = {"width": width, "height": height}
                visitor = Watched(browser, url, color_scheme=theme, viewport=size, locale="en")
                for name in pages(visitor.page, site):
                    visitor.page.screenshot(path=FOLDER / f"{name}-{theme}-{width}.png")
                visitor.close()
        site.stop()
    sizes = [path.stat().st_size for path in FOLDER.glob("*.png")]
    sys.stdout.write(f"{len(sizes)} screens, {sum(sizes) // 1024} KiB\n")


if __name__ == "__main__":
    main()
