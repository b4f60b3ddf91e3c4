"""Interpreters of this machine, and virtual environments for them that are built once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENVS = ROOT / ".venvs"
# Prints the version and the interpreter itself, even if it was reached through a shim or a
# virtual environment. The modules are those that a half-built interpreter lacks.
PROBE = (
    "import sqlite3, ssl, sys, venv;"
    "print('%d.%d' % sys.version_info[:2]);"
    "print(getattr(sys, '_base_executable', sys.executable))"
)


def clean_environ(**extra: str) -> dict[str, str]:
    """The environment for a foreign interpreter, without what this one was told."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ.pop("VIRTUAL_ENV", None)
    return {**environ, "PYTHONDONTWRITEBYTECODE": "1", **extra}


def run(
    *command: str | Path, cwd: Path = ROOT, timeout: int = 300, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The finished command with its output, errors included."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env or clean_environ(),
        timeout=timeout,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    for folder in [f"{sys.base_prefix}/bin", *os.get_exec_path()]:
        yield Path(folder, name)
    for pyenv in (os.environ.get("PYENV_ROOT"), Path.home() / ".pyenv"):
        if pyenv:
            yield from sorted(Path(pyenv, "versions").glob(f"{version}.*/bin/python"))


@cache
def interpreter(version: str) -> Path | None:
    """The interpreter of this version, such as ``"3.7"``; one that does not work is none."""
    for candidate in _candidates(version):
        if not os.access(candidate, os.X_OK):
            continue
        probe = run(candidate, "-c", PROBE, timeout=60)
        # A shim of a version manager exists for every version, and fails for most of them.
        if probe.returncode == 0 and probe.stdout.split("\n")[0] == version:
            return Path(probe.stdout.split("\n")[1])
    return None


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock of this name against the other processes of the test run."""
    VENVS.mkdir(exist_ok=True)
    with (VENVS / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def environment(python: Path, name: str, requirements: Path) -> Path:
    """The interpreter of a virtual environment with exactly these requirements."""
    folder = VENVS / f"lesson-{name}"
    key = hashlib.sha256(f"{python}\n{requirements.read_text()}".encode()).hexdigest()
    stamp = folder / "built-from"
    with locked(folder.name):
        if not stamp.exists() or stamp.read_text() != key:
            _build(python, folder, requirements)
            stamp.write_text(key)
    return folder / "bin" / "python"


def _build(python: Path, folder: Path, requirements: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip"]
    if run(python, "-m", "venv", folder).returncode:
        # A bare Debian has no ensurepip, so a pip from outside works on the environment.
        _require(python, "-m", "venv", "--clear", "--without-pip", folder)
        pip = [_python_with_pip(python), "-m", "pip", "--python", folder / "bin" / "python"]
    # SQLAlchemy 1.3 has no wheels for newer interpreters: its sources are built without C, by
    # the setuptools that the requirements pin.
    env = clean_environ(DISABLE_SQLALCHEMY_CEXT="1", PIP_CONSTRAINT=str(requirements))
    _require(*pip, "install", "-q", "--disable-pip-version-check", "-r", requirements, env=env)


def _python_with_pip(python: Path) -> Path:
    for candidate in (python, Path(sys.executable), shutil.which("python3")):
        if candidate and run(candidate, "-m", "pip", "--version").returncode == 0:
            return Path(candidate)
    raise AssertionError("There is no pip on this machine.")


def _require(*command: str | Path, env: Mapping[str, str] | None = None) -> None:
    done = run(*command, timeout=600, env=env)
    assert done.returncode == 0, done.stdout
