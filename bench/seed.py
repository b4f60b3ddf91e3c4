"""A database of many accounts and open sessions, by ``vestibule bench seed``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.servers import Unusable, environment

PASSWORD = "correct-horse-of-the-bench"  # noqa: S105 - everybody's, in this database.
SEED_SECONDS = 300
# Of how many sessions, drawn at random, the checks have one each: enough to be all over the file,
# and few enough that wrk has read them in a moment.
DRAWN = 200_000


def fill(work: Path, accounts: int, settings: dict[str, str]) -> Path:
    """Make the accounts, everybody's password being ``PASSWORD``; header lines of their sessions.

    :param settings: which database, unless it is a file in ``work``.
    :raises Unusable: it could not be filled.
    """
    ids = work / "ids"
    _vestibule(work, settings, "db", "upgrade")
    seed = ("bench", "seed", str(accounts), "--sessions", str(ids), "--most", str(DRAWN))
    _vestibule(work, settings, *seed, "--password-stdin", told=f"{PASSWORD}\n")
    return as_headers(ids)


def as_headers(ids: Path) -> Path:
    """A file of header lines that carry these session ids, made unless it is there."""
    headers = ids.with_name("headers")
    if not headers.exists():
        with ids.open(encoding="ascii") as lines, headers.open("w", encoding="ascii") as written:
            written.writelines(f"Cookie: session_id={line}" for line in lines)
    return headers


def _vestibule(work: Path, settings: dict[str, str], *arguments: str, told: str = "") -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "vestibule", *arguments],
        env=environment(work) | settings,
        input=told,
        capture_output=True,
        text=True,
        check=False,
        timeout=SEED_SECONDS,
    )
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:]
        raise Unusable(f"vestibule {arguments[0]} {arguments[1]}: {' '.join(last)}")
