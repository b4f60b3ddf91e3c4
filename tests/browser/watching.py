"""A browser that is watched: what its console says, and whom it asks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium")
# A refused page is one, and Chromium says so of every status from 400.
STATUS = "Failed to load resource: the server responded with a status of"
# A hint about forms behind links in mails. Such a page does not say whose account it is about.
NAMELESS = "[DOM] Password forms should have (optionally hidden) username fields"
# Who types before the page is whole is left where they are. That is what the page wants, too.
TYPING = "Autofocus processing was blocked because a document already has a focused element."


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    if not CHROMIUM:
        pytest.skip("no chromium on this machine")
    # Its sandbox is not for root; what it visits here is ours.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


class Watched:
    """One visitor, with cookies of their own; at the end nothing may have gone wrong unseen."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.url = url
        self.context: BrowserContext = browser.new_context(base_url=url, **options)
        self.page: Page = self.context.new_page()
        self.console: list[str] = []
        self.requests: list[Request] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", self._note)

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    def _hear(self, message: ConsoleMessage) -> None:
        if not message.text.startswith((STATUS, NAMELESS, TYPING)):
            self.console.append(message.text)

    @property
    def elsewhere(self) -> list[str]:
        """What was asked for at another origin."""
        own = urlsplit(self.url).netloc
        return [each.url for each in self.requests if urlsplit(each.url).netloc != own]

    def close(self) -> None:
        """Leave, and complain."""
        self.context.close()
        assert not self.console, self.console
        assert not self.elsewhere, self.elsewhere
