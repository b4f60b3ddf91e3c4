"""What every test may ask for. A test that asks for ``client`` runs in both profiles."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.stage.clock import MovableClock
from tests.stage.databases import Databases, deselect
from tests.stage.factors import Authenticator, enrol
from tests.stage.once import make_once
from tests.stage.passkeys import Made, add
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import DATABASE
from tests.stage.secrecy import (
    _no_secret_is_logged,
    pytest_configure,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)
from tests.stage.server import Server
from tests.stage.smtp import MailServer
from tests.stage.visits import front_desk, log_in, register
from vestibule.app import create_app
from vestibule.auth import Auth, schemes
from vestibule.config import Settings

__all__ = [
    "_no_secret_is_logged",
    "pytest_configure",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
]

make_once()

Build = Callable[..., Flask]
Serve = Callable[..., Server]
PostOffice = Callable[..., MailServer]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings of their own."""
    for name in os.environ:
        if name.startswith("VESTIBULE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> MovableClock:
    """The time in applications of the test, which passes only when it is moved."""
    return MovableClock()


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cheap hashes: a real one costs 30 to 250 ms, and most tests are about something else.

    Files that are about passwords override this fixture and pay the price.
    """
    monkeypatch.setattr(schemes, "ARGON2", schemes.Argon2Cost(memory=8, passes=1))
    monkeypatch.setattr(schemes, "BCRYPT_COST", 4)
    monkeypatch.setattr(
        schemes.Argon2id, "dummy", f"$argon2id$v=19$m=8,t=1,p=1${'A' * 22}${'A' * 43}"
    )
    monkeypatch.setattr(schemes.Bcrypt, "dummy", f"$2b$04${'.' * 53}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep to the database that the run is about."""
    deselect(config, items)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Which database the applications of the test stand on."""
    return str(getattr(request, "param", request.config.getoption("--database")))


@pytest.fixture
def databases(database: str) -> Iterator[Databases]:
    """A fresh database for each data directory of the test."""
    fresh = Databases(database)
    yield fresh
    fresh.drop()


@pytest.fixture
def build(
    tmp_path: Path, clock: MovableClock, hashes: None, databases: Databases
) -> Iterator[Build]:
    """Make applications in this process, by default all on one data directory."""
    made: list[Flask] = []

    def make(profile: str = STRICT, **settings: Any) -> Flask:
        given: Any = {"data": tmp_path / "data", "profile": profile, "log_level": "debug"}
        given |= settings
        if profile == STRICT:
            given = databases.settings(given["data"]) | given
        chosen = Settings(**given)
        databases.prepare(chosen)
        app = create_app(chosen, clock=clock, worker=False)
        app.config[DATABASE] = given.get("database_url")
        made.append(app)
        return app

    yield make
    for app in made:
        front_desk(app).upkeep.close()


@pytest.fixture(params=[STRICT, CLASSIC])
def profile(request: pytest.FixtureRequest) -> str:
    """Both profiles, one after the other."""
    return str(request.param)


@pytest.fixture
def app(build: Build, profile: str) -> Flask:
    """The service."""
    return build(profile)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor of ``app``."""
    return app.test_client()


@pytest.fixture
def auth(app: Flask) -> Auth:
    """The front desk of ``app``."""
    return front_desk(app)


@pytest.fixture
def strict(build: Build) -> FlaskClient:
    """A visitor of the strict profile."""
    return build(STRICT).test_client()


@pytest.fixture
def classic(build: Build) -> FlaskClient:
    """A visitor of the classic profile."""
    return build(CLASSIC).test_client()


@pytest.fixture
def post_office(tmp_path: Path) -> Iterator[PostOffice]:
    """Start mail servers; each is gone at the end."""
    started: list[MailServer] = []

    def start(**options: Any) -> MailServer:
        folder = tmp_path / f"mail-server-{len(started)}"
        folder.mkdir()
        started.append(MailServer(folder, **options))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def server(tmp_path: Path, databases: Databases) -> Iterator[Serve]:
    """Start real servers; each is ended with SIGTERM, and its log searched for secrets."""
    started: list[Server] = []

    def serve(*, ready: bool = True, **settings: Any) -> Server:
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        if settings.get("profile", STRICT) == STRICT:
            settings = databases.settings(settings.get("data", folder / "data")) | settings
        started.append(Server(folder, **settings))
        return started[-1].start(ready=ready)

    yield serve
    for each in started:
        each.stop()


@pytest.fixture
def alice(strict: FlaskClient) -> FlaskClient:
    """Alice, logged in a moment ago."""
    register(strict)
    log_in(strict)
    return strict


@pytest.fixture
def key(alice: FlaskClient) -> Made:
    """A passkey of Alice."""
    return add(alice, "the blue telephone")


@pytest.fixture
def phone(alice: FlaskClient, clock: MovableClock) -> Authenticator:
    """Her authenticator, and what she wrote down; its code of this moment is used."""
    made = enrol(alice, clock)
    clock.advance(minutes=1)
    return made
