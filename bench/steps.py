"""How long the schema's steps take, on the database file that the environment names.

``python -m bench.steps`` takes them back first, and numbers sessions as they were numbered then.
What is timed is what an operator waits for, without the copy that is made before.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from alembic import command
from sqlalchemy import event, text

from vestibule import config
from vestibule.config import SQLiteFile
from vestibule.db.sqlite import open_engine
from vestibule.migrations import files, steps

# The step before the newest, which adds to tables; and the one before the last that made them anew.
LAST, DEAREST = "0003", "0002"
RENUMBER = (
    "CREATE TEMP TABLE opened AS SELECT digest, row_number() OVER () AS number FROM sessions",
    "CREATE UNIQUE INDEX temp.by_digest ON opened (digest)",
    "UPDATE sessions SET id = number FROM opened WHERE opened.digest = sessions.digest",
)


def main() -> None:
    """Print the seconds of the newest step, and of those since tables were made anew, as JSON."""
    database = config.load().database
    if not isinstance(database, SQLiteFile):
        raise SystemExit("bench: the steps of a file are timed, and this is none")
    found = {
        "newest step s": _upgraded(database.path, LAST),
        "all steps s": _upgraded(database.path, DEAREST, RENUMBER),
    }
    print(json.dumps(found))


def _upgraded(file: Path, before: str, then: tuple[str, ...] = ()) -> float:
    """Seconds from the schema ``before`` to the newest."""
    engine = open_engine(file, files.STEPS_CACHE)
    event.listen(engine, "connect", files.let_tables_be_copied)
    with engine.begin() as connection:
        command.downgrade(steps.over(connection), before)
        for statement in then:
            connection.execute(text(statement))
    engine.dispose()
    began = time.perf_counter()
    files.upgrade(file)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
