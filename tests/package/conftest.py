"""The wheel, and an environment with nothing but it and its locked dependencies."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "run.txt"
# The interpreter that made this environment; it has pip, the environment has not.
PYTHON = str(Path(sys.base_prefix) / "bin" / "python3")
SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def pip(environment: Path | str, *arguments: str) -> None:
    """Let pip work on the environment."""
    python = Path(environment) / "bin" / "python"
    command = [PYTHON, "-m", "pip", "-q", "--python", str(python), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr


def empty_environment(path: Path) -> Path:
    """A virtual environment with nothing in it."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", "--clear", path], check=True, timeout=60)
    return path


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip(
        sys.prefix,
        "wheel",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(ROOT),
    )
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="session")
def locked() -> Path:
    """The site-packages of an environment with what the run lock names; kept between runs."""
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    environment = ROOT / ".venvs" / f"run-{key}"
    environment.parent.mkdir(exist_ok=True)
    with (environment.parent / f"run-{key}.lock").open("w") as file:
        # Tests run in several processes; one of them installs.
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (environment / "complete").exists():
            empty_environment(environment)
            options = ("--require-hashes", "--only-binary", ":all:", "-r", str(LOCK))
            pip(environment, "install", *options)
            (environment / "complete").touch()
    return environment / SITE


@pytest.fixture(scope="session")
def installed(wheel: Path, locked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment outside the checkout, in which the wheel is installed."""
    environment = empty_environment(tmp_path_factory.mktemp("installed") / "environment")
    (environment / SITE / "locked.pth").write_text(f"{locked}{os.linesep}", encoding="utf-8")
    pip(environment, "install", "--no-index", "--no-deps", str(wheel))
    return environment / "bin"
