"""The two databases: most tests run on SQLite, these marks and names keep a test to one or both."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from vestibule import migrations
from vestibule.config import Settings, clock, prepare_data
from vestibule.config.databases import SQLiteFile

SQLITE, POSTGRESQL = "sqlite", "postgresql"
# Where storage matters: both in every run of the tests. ``--database postgresql`` is for the rest.
on_both_databases = pytest.mark.parametrize("database", [SQLITE, POSTGRESQL], indirect=True)
only_postgresql = pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)
# The word by which logs are searched for passwords is in this one, too.
PASSWORD_OF_DATABASE = "marzipan/for@the:database"


def only_sqlite(reason: str) -> pytest.MarkDecorator:
    """Keep a test to SQLite: it is about what PostgreSQL does not have, or not about storage."""
    return pytest.mark.only_sqlite(reason)


def libpq(url: str) -> str:
    """The URL as PostgreSQL's own library reads it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="postgresql"))


class Databases:
    """Where the applications of one test store: those on one data directory share a database."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._made: dict[Path, str] = {}

    def settings(self, data: Path) -> dict[str, str]:
        """The setting that leads an application in ``data`` to its database, if one is needed."""
        if self.kind == SQLITE:
            return {}
        # The driver is loaded only where it is used.
        from tests.stage import postgresql  # noqa: PLC0415

        if data not in self._made:
            self._made[data] = postgresql.cluster().migrated()
        return {"database_url": self._made[data]}

    def prepare(self, settings: Settings) -> None:
        """Lay a copy of a migrated file where an application will look for its own.

        Migrating a new one each time took a fifth of the tests' time; tests of migrations do it.
        """
        database = settings.database
        if isinstance(database, SQLiteFile) and not database.path.exists():
            prepare_data(settings)
            shutil.copy(_migrated_file(), database.path)

    def drop(self) -> None:
        """Remove what was made."""
        from tests.stage import postgresql  # noqa: PLC0415

        for url in self._made.values():
            postgresql.cluster().drop(url)


@cache
def _migrated_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="vestibule-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = SQLiteFile(folder / "template.sqlite3")
    migrations.upgrade(made, clock())
    return made.path


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under ``--database postgresql``, leave out by name what can only be about SQLite."""
    if config.getoption("--database") == SQLITE:
        return
    sqlites = [item for item in items if _is_sqlites(item)]
    config.hook.pytest_deselected(items=sqlites)
    items[:] = [item for item in items if item not in set(sqlites)]


def _is_sqlites(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return (
        item.get_closest_marker("only_sqlite") is not None
        # The classic profile stands on SQLite only.
        or parameters.get("profile") == "classic"
        or "classic" in getattr(item, "fixturenames", ())
        # In every run of the tests already.
        or parameters.get("database") == SQLITE
    )
