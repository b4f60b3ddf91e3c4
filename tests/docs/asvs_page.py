"""Writes ``docs/asvs.md`` from ``docs/asvs.toml``: ``python -m tests.docs.asvs_page``."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "asvs.toml"
PAGE = ROOT / "docs" / "asvs.md"
# How a row of the table says it, and how the page does.
STATUS = {
    "met": "met",
    "not_applicable": "not applicable",
    "deployer": "deployer's",
    "not_yet": "not yet",
}
CHAPTERS = {
    2: "Input and business logic",
    3: "Browsers",
    4: "HTTP",
    6: "Authentication",
    7: "Sessions",
    8: "Authorization",
    9: "Self-contained tokens",
    10: "OAuth and OpenID Connect",
    11: "Cryptography",
    12: "Transport",
    13: "Configuration",
    14: "Data protection",
    16: "Logs and errors",
}
HEAD = """\
# OWASP ASVS 5.0.0, requirement by requirement

The [Application Security Verification Standard](https://owasp.org/www-project-application-security-verification-standard/)
lists what a careful application does. Of its requirements, these {count} can apply to a service
such as this one; the others speak of things that it does not do, such as taking in files or calling
devices. Each is told here in a few words of our own: the standard's text is what counts. What is
said holds for the strict profile.

- **met**: the tests that are named show it, and a test makes sure that they exist.
- **not applicable**: the service does not do what the requirement speaks of.
- **deployer's**: it is decided where the service is deployed.
- **not yet**: it waits for something that is not built. Partly met is not met.

| Level | {statuses} |
|---|---|---|---|---|
{totals}
"""
FOOT = """\

*This page is written from `docs/asvs.toml` by `python -m tests.docs.asvs_page`; a test fails when
it is out of date.*
"""


class Requirement(NamedTuple):
    """One requirement, and what became of it."""

    id: str
    level: int
    asks: str
    status: str
    # Why, how, or what it waits for.
    says: str
    # "tests/…/test_file.py::test_name" of each test that shows it.
    tests: tuple[str, ...]

    @property
    def chapter(self) -> int:
        """The number before the first dot."""
        return int(self.id.removeprefix("V").partition(".")[0])


def requirements() -> list[Requirement]:
    """Every row of the table, in its order."""
    return [_read(name, row) for name, row in tomllib.loads(TABLE.read_text("utf-8")).items()]


def _read(name: str, row: dict[str, Any]) -> Requirement:
    (status,) = row.keys() & STATUS.keys()
    assert row.keys() <= {"level", "asks", "says", *STATUS}, name
    value = row[status]
    tests, says = (value, row.get("says", "")) if status == "met" else ((), value)
    assert isinstance(says, str), name
    return Requirement(name, row["level"], row["asks"], status, says, tuple(tests))


def page() -> str:
    """The page."""
    rows = requirements()
    counted = Counter((row.level, row.status) for row in rows)
    totals = [
        f"| L{level} | {' | '.join(str(counted[level, status]) for status in STATUS)} |"
        for level in (1, 2, 3)
    ]
    head = HEAD.format(
        count=len(rows), statuses=" | ".join(STATUS.values()), totals="\n".join(totals)
    )
    return head + "".join(_chapter(number, rows) for number in CHAPTERS) + FOOT


def _chapter(number: int, rows: list[Requirement]) -> str:
    lines = [_row(row) for row in rows if row.chapter == number]
    head = f"\n## V{number} {CHAPTERS[number]}\n\n"
    return (
        head
        + "| | Level | What it asks | | How |\n|---|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n"
    )


def _row(row: Requirement) -> str:
    shown = [_link(test) for test in row.tests]
    how = " ".join(filter(None, [row.says, ", ".join(shown) + "." if shown else ""]))
    return f"| {row.id} | L{row.level} | {row.asks} | {STATUS[row.status]} | {how} |"


def _link(test: str) -> str:
    """``tests/a/test_b.py::test_c_d`` as a link that reads: b: c d."""
    file, _, name = test.partition("::")
    room = Path(file).stem.removeprefix("test_").replace("_", " ")
    return f"[{room}: {name.removeprefix('test_').replace('_', ' ')}](../{file})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
