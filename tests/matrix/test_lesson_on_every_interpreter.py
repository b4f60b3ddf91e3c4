"""The lesson runs, unchanged, on every interpreter and library that it promises."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.matrix.environments import ROOT, clean_environ, environment, interpreter, locked, run

LESSON = ROOT / "0x03-user_authentication_service"
FILES = sorted(LESSON.rglob("*.py"))
PINS = Path(__file__).parent / "requirements"
STACKS = [
    ("3.7", "sa13", "python-3.7.txt"),
    *((version, "sa13", "sqlalchemy-1.3.txt") for version in ("3.11", "3.12", "3.13")),
    *((version, "sa20", "sqlalchemy-2.0.txt") for version in ("3.11", "3.12", "3.13")),
]
# SQLAlchemy 1.3 ended before Python 3.12 and calls something old while it is imported.
WARNINGS = "error::DeprecationWarning,ignore::DeprecationWarning:sqlalchemy.sql.sqltypes"
SUITE = ["-m", "unittest", "discover", "-s", "tests"]
PORT = 5000


def on_this_machine(version: str) -> Path:
    """The interpreter of this version; without it the test is skipped by name."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"Python {version} is not on this machine")
    return python


def assert_passed(suite: subprocess.CompletedProcess[str]) -> None:
    """Check that a unittest suite ran something, and passed without skipping."""
    assert suite.returncode == 0, suite.stdout
    ran = re.search(r"^Ran (\d+) tests", suite.stdout, re.MULTILINE)
    assert ran, suite.stdout
    assert int(ran[1]) > 100
    assert suite.stdout.endswith("\nOK\n"), suite.stdout


@pytest.mark.parametrize(("version", "library", "pins"), STACKS)
def test_the_suite_passes(version: str, library: str, pins: str) -> None:
    python = environment(on_this_machine(version), f"{version}-{library}", PINS / pins)
    env = clean_environ(PYTHONWARNINGS=WARNINGS)
    assert_passed(run(python, *SUITE, cwd=LESSON, env=env))
    assert not (LESSON / "a.db").exists()


@pytest.mark.parametrize("pins", sorted(PINS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_requirement_is_pinned(pins: Path) -> None:
    for line in pins.read_text().splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.]+", line)


@contextmanager
def listening(command: list[str], folder: Path) -> Iterator[None]:
    """The lesson's app, on the port that the exercise fixes, until the block is left."""
    with locked(f"port-{PORT}"):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", PORT))  # noqa: S104 - as the app does.
            except OSError:
                pytest.skip(f"Port {PORT} is taken on this machine")
        app = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 30
            while not answers() and app.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            yield
        finally:
            app.kill()
            app.wait()


def answers() -> bool:
    """Whether something listens on the port of the exercise."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", PORT)) == 0


@pytest.mark.parametrize("version", ["3.7", "3.13"])
def test_the_commands_of_the_readme_work(version: str, tmp_path: Path) -> None:
    text = (LESSON / "README.md").read_text()
    commands = [
        line.split()
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        # What is activated is the environment that this test makes.
        if not line.startswith(". ")
    ]
    make, install, serve, walk, suite = commands
    assert make == ["python3", "-m", "venv", ".venv"]
    assert install == ["pip", "install", "-r", "requirements.txt"]
    python = environment(on_this_machine(version), f"{version}-readme", LESSON / install[-1])
    assert {serve[0], walk[0], suite[0]} == {"python3"}
    folder = shutil.copytree(LESSON, tmp_path / "lesson")
    with listening([str(python), *serve[1:]], folder):
        done = run(python, *walk[1:], cwd=folder, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert_passed(run(python, *suite[1:], cwd=folder))


def test_pycodestyle_2_5_finds_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("import os,sys\n")
    for version in ("3.7", "3.11", "3.12", "3.13"):
        found = interpreter(version)
        if found is None:
            continue
        python = environment(found, f"{version}-pycodestyle", PINS / "pycodestyle.txt")
        # It is older than the newest interpreters: take the first on which it works.
        if "E231" in run(python, "-m", "pycodestyle", bad).stdout:
            assert run(python, "-m", "pycodestyle", LESSON).stdout == ""
            return
    pytest.skip("No interpreter that pycodestyle 2.5.0 works on is on this machine")
