"""The target's folder as a check finds it: its modules, and the rows of its ``a.db``."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .verdict import Checklist, NotApplicable, Unmet, true

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATABASE = "a.db"
MODULES = ("user", "db", "auth", "app", "main")


class World:
    """What a check inside the target's interpreter may touch.

    ``port`` is where the target's own application is served, if it is.
    """

    def __init__(self, port: int | None = None) -> None:
        self.port = port
        self.runs: list[dict[str, object]] = []

    def module(self, name: str) -> Any:
        """Return the target's module, whatever it raises on the way."""
        return importlib.import_module(name)

    def open_db(self) -> Any:
        """Return a fresh ``DB()``, whose table is empty."""
        return self.module("db").DB()

    def open_auth(self) -> Any:
        """Return a fresh ``Auth()``, whose table is empty."""
        return self.module("auth").Auth()

    def plant(self, email: str, **columns: object) -> int:
        """Put a user into the table behind the target's back, and return its id."""
        row = {"email": email, "hashed_password": "x", **columns}
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        with database() as connection:
            # The names of columns are ours, not the target's.
            sql = f"INSERT INTO users ({names}) VALUES ({marks})"  # noqa: S608
            return int(connection.execute(sql, list(row.values())).lastrowid or 0)

    def rows(self) -> list[dict[str, Any]]:
        """Return the users as another process sees them: what is not committed is not there."""
        with database() as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM users ORDER BY id")]

    def row(self, user_id: int) -> dict[str, Any]:
        """Return one user as another process sees it.

        :raises Unmet: there is no such row.
        """
        found = [row for row in self.rows() if row["id"] == user_id]
        true(f"a row with id {user_id} in a.db", found, f"ids {[r['id'] for r in self.rows()]}")
        return found[0]

    def sources(self) -> list[Path]:
        """Return the paths of all Python files that are not empty.

        :raises NotApplicable: there is none.
        """
        found = sorted(
            path for path in Path().rglob("*.py") if path.is_file() and path.stat().st_size
        )
        if not found:
            raise NotApplicable("there is no .py file to look at")
        return found


@contextlib.contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """Open the target's ``a.db``, commit, and close it.

    :raises Unmet: the target has made no such file.
    """
    true("a.db in the working directory", Path(DATABASE).exists(), "no such file")
    connection = sqlite3.connect(DATABASE, timeout=3)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def takes(function: Any, *names: str) -> None:
    """Let a function pass if it takes these arguments, by position and by name.

    :raises Unmet: it does not.
    """
    signature = inspect.signature(function)
    try:
        signature.bind(*names)
        signature.bind(**{name: name for name in names})
    except TypeError:
        wanted = f"{function.__name__}({', '.join(names)})"
        raise Unmet(wanted, f"{function.__name__}{signature}") from None


def prepare(world: World) -> None:
    """Make the target importable, its hashes cheap, and its ``app.run`` harmless."""
    sys.path.insert(0, str(Path.cwd()))
    # The interpreter may lack any of these; then the target's own import says so.
    with contextlib.suppress(ImportError):
        cheap_hashes()
    with contextlib.suppress(ImportError):
        flask = importlib.import_module("flask")

        def run(_app: object, host: object = None, port: object = None, **_: object) -> None:
            world.runs.append({"host": host, "port": port})

        flask.Flask.run = run


def cheap_hashes(rounds: int | None = 4) -> None:
    """Let bcrypt take 2**rounds steps, or what the target asks for again if ``rounds`` is None.

    Only task 4 is about the cost; everything else would take minutes with it.
    """
    bcrypt: Any = importlib.import_module("bcrypt")
    real: Callable[..., bytes] = getattr(bcrypt.gensalt, "real", bcrypt.gensalt)

    def gensalt(_rounds: int = 12, prefix: bytes = b"2b") -> bytes:
        return real(rounds, prefix)

    gensalt.real = real  # type: ignore[attr-defined]
    bcrypt.gensalt = real if rounds is None else gensalt


inside: Checklist[World] = Checklist()
