"""The commands of a directory stand on the database that the run is about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import running
from tests.stage.databases import Databases


@pytest.fixture(autouse=True, scope="module")
def _database_of_a_directory(request: pytest.FixtureRequest) -> Iterator[None]:
    databases = Databases(request.config.getoption("--database"))

    def settings(directory: Path) -> dict[str, str]:
        found = databases.settings(directory)
        return {f"VESTIBULE_{name.upper()}": value for name, value in found.items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "settings_of", settings)
        yield
    databases.drop()
