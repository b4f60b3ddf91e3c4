"""Who lets a browser keep no cookies is told so, where it matters, with a way on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.walk import fill, somebody
from tests.browser.watching import CHROMIUM
from tests.stage.server import Server
from tests.stage.visits import PASSWORD

# As Chromium keeps what is chosen in its settings: block all cookies.
NONE = {"profile": {"default_content_setting_values": {"cookies": 2}}}


def test_a_browser_that_keeps_no_cookies_is_told(
    browser: Browser, site: Server, tmp_path: Path
) -> None:
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(NONE))
    if not CHROMIUM:
        pytest.skip("no chromium on this machine")
    context = browser.browser_type.launch_persistent_context(
        tmp_path,
        executable_path=CHROMIUM,
        args=["--no-sandbox"] if os.geteuid() == 0 else [],
        base_url=site.url.replace("127.0.0.1", "localhost"),
        locale="en",
    )
    try:
        page, email = context.new_page(), somebody()
        page.goto("/register")
        fill(page, email=email, password=PASSWORD)
        expect(page.get_by_role("status")).to_contain_text("Your browser kept no cookie")
        fill(page, email=email, password=PASSWORD)
        expect(page.get_by_role("status")).to_contain_text("Allow cookies for this site")
        assert context.cookies() == []
    finally:
        context.close()
