"""Nothing that the service needs is left in the checkout."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from tests.package.conftest import ROOT
from vestibule.config import VERSION

DIST = f"vestibule-{VERSION}.dist-info"


def test_every_source_file_is_in_it_and_nothing_else(wheel: Path) -> None:
    source = ROOT / "src"
    expected = {
        str(path.relative_to(source))
        for path in (source / "vestibule").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.startswith(DIST)}
    assert held == expected


def test_templates_static_files_migrations_and_mails_are_in_it(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        held = archive.namelist()
    for part in (
        "py.typed",
        "web/templates/home.html",
        "web/style.css",
        "migrations/env.py",
        "migrations/versions/0001_accounts.py",
        "auth/mails/reset.txt",
    ):
        assert f"vestibule/{part}" in held


def test_it_says_what_it_is(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        metadata = archive.read(f"{DIST}/METADATA").decode()
        commands = archive.read(f"{DIST}/entry_points.txt").decode()
        assert f"{DIST}/licenses/LICENSE" in archive.namelist()
    assert "License-Expression: MIT\n" in metadata
    assert "Requires-Python: >=3.11\n" in metadata
    assert "# Vestibule" in metadata
    assert "vestibule=vestibule.__main__:main\n" in commands.replace(" ", "")
