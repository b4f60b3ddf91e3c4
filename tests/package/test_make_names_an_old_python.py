"""The two commands say first which Python they need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.package.conftest import ROOT


def interpreter(name: str) -> str:
    """Where this interpreter is; without it there is nothing to test."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    managed = versions.glob(f"{name.removeprefix('python')}.*/bin/{name}")
    found = [str(path) for path in managed]
    if not found and (somewhere := shutil.which(name)):
        ran = subprocess.run([somewhere, "-c", ""], capture_output=True, timeout=60)
        # A version manager's stand-in is there whether or not the interpreter is.
        found = [somewhere] if ran.returncode == 0 else []
    if not found:
        pytest.skip(f"no {name} on this machine")
    return found[0]


def make(target: str, python: str, environment: Path) -> subprocess.CompletedProcess[str]:
    """Run make with this interpreter, on another environment than the tests'."""
    return subprocess.run(
        ["make", "-C", ROOT, target, f"PY={python}", f"V={environment}"],  # noqa: S607 - whichever.
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("target", ["run", "test"])
@pytest.mark.parametrize("version", ["3.7", "3.10"])
def test_an_older_one_is_refused_in_a_sentence(tmp_path: Path, target: str, version: str) -> None:
    python = interpreter(f"python{version}")
    refused = make(target, python, tmp_path / "venv")
    assert refused.returncode != 0
    assert refused.stderr.splitlines()[0] == (
        f"Vestibule needs Python 3.11 or later, and {python} is {version}. "
        "Name another one: make PY=python3.12 ..."
    )
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "venv").exists()


def test_this_one_is_accepted(tmp_path: Path) -> None:
    assert make("python", sys.executable, tmp_path / "venv").returncode == 0
