"""One real server of two processes for the tests of a file, and people who visit it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.attacks.people import Person
from tests.stage.databases import SQLITE, Databases
from tests.stage.profiles import STRICT, UNLIMITED
from tests.stage.server import Server


@pytest.fixture(scope="module")
def profile() -> str:
    """The strict profile; a file that is about both says so."""
    return STRICT


@pytest.fixture(scope="module")
def limits() -> dict[str, Any]:
    """Those of a place and of everybody are lifted; a file that is about them leaves them be."""
    return UNLIMITED


@pytest.fixture(scope="module")
def target(
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
    profile: str,
    limits: dict[str, Any],
) -> Iterator[Server]:
    """A server that the tests of a file attack together."""
    folder = tmp_path_factory.mktemp("target")
    databases = Databases(request.config.getoption("--database") if profile == STRICT else SQLITE)
    settings = databases.settings(folder / "data")
    server = Server(folder, profile=profile, workers=2, **limits, **settings)
    yield server.start()
    server.stop()
    databases.drop()


@pytest.fixture
def person(target: Server) -> Callable[[], Person]:
    """Make people who have no account yet."""
    return lambda: Person(target)


@pytest.fixture
def victim(target: Server) -> Person:
    """Somebody who has an account."""
    return Person(target).register()


@pytest.fixture
def attacker(target: Server) -> Person:
    """Somebody else who has an account."""
    return Person(target).register()
