"""The locks name exact versions with their hashes, and no machine to fetch them from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.package.conftest import ROOT

LOCKS = [ROOT / "requirements" / name for name in ("run.txt", "test.txt")]
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)(\[[a-z,]+\])?==(?P<version>[^ ]+)", re.MULTILINE)


def requirements(lock: Path) -> list[str]:
    """The logical lines."""
    joined = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.name))
def test_every_requirement_is_exact_and_hashed(lock: Path) -> None:
    for line in requirements(lock):
        assert PIN.match(line), line
        assert "--hash=sha256:" in line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.name))
def test_no_address_and_no_index_is_named(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "index" not in text
    assert "find-links" not in text


def test_tests_run_with_the_versions_that_serve() -> None:
    serving, testing = (dict(_pins(lock)) for lock in LOCKS)
    assert serving.items() <= testing.items()


def _pins(lock: Path) -> list[tuple[str, str]]:
    found = PIN.finditer(lock.read_text(encoding="utf-8"))
    return [(pin["name"], pin["version"]) for pin in found]
