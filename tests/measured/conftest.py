"""The server that the tests of a file measure together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Serve
from tests.stage.databases import Databases
from tests.stage.server import Server


@pytest.fixture(scope="module")
def start(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Serve]:
    """Start it on the database that the run is about: ``--database postgresql``."""
    databases = Databases(request.config.getoption("--database"))
    started: list[Server] = []

    def serve(**settings: object) -> Server:
        folder = tmp_path_factory.mktemp("target")
        own = databases.settings(folder / "data")
        started.append(Server(folder, workers=2, **settings, **own))
        return started[-1].start()

    yield serve
    for each in started:
        each.stop()
    databases.drop()
