"""A server for the tests of one file, one Chromium for a worker, and a visitor for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.watching import Watched, chromium
from tests.stage.server import Server
from tests.stage.smtp import MailServer
from vestibule.web.languages import Languages, Words

Visit = Callable[..., Watched]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service, strict, on a database of its own; mails are files."""
    server = Server(tmp_path_factory.mktemp("site")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    """A mail server."""
    started = MailServer(tmp_path_factory.mktemp("office")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory, office: MailServer) -> Iterator[Server]:
    """The service, which sends its mails there, and verifies addresses before the first login."""
    settings = office.settings(smtp_timeout="5s", site_name="Example")
    server = Server(tmp_path_factory.mktemp("mailing"), **settings).start()
    yield server
    server.stop()


@pytest.fixture
def visit(browser: Browser, site: Server) -> Iterator[Visit]:
    """Open the site as another visitor; each is watched to the end."""
    opened: list[Watched] = []

    def visitor(**options: Any) -> Watched:
        # By its name, as people have it: an address is no site to a browser.
        url = site.url.replace("127.0.0.1", "localhost")
        opened.append(Watched(browser, url, **options))
        return opened[-1]

    yield visitor
    for each in opened:
        each.close()


@pytest.fixture(params=["en", "fr"])
def t(request: pytest.FixtureRequest) -> Words:
    """Each language, one after the other."""
    return Languages().all[request.param]
