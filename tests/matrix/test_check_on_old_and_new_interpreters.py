"""The lesson passes on the oldest and on the newest interpreter and library that it promises."""

from pathlib import Path

import pytest

from tests.lab.lessons import LESSON
from tests.matrix import environments
from vestibule.lab.contract import grade
from vestibule.lab.report import Unusable

PINS = Path(environments.__file__).parent / "requirements"


@pytest.mark.parametrize(
    ("version", "library", "pins"),
    [("3.7", "sa13", "python-3.7.txt"), ("3.13", "sa20", "sqlalchemy-2.0.txt")],
)
def test_the_lesson_passes_everything(version: str, library: str, pins: str) -> None:
    found = environments.interpreter(version)
    if found is None:
        pytest.skip(f"Python {version} is not on this machine")
    python = environments.environment(found, f"{version}-{library}", PINS / pins)
    report = grade(str(LESSON), python=str(python))
    assert (report.python or "").startswith(version)
    assert (report.failed_tasks, report.failed_beyond) == ([], [])


def test_an_old_interpreter_without_the_libraries_says_which_are_missing(tmp_path: Path) -> None:
    found = environments.interpreter("3.7")
    if found is None:
        pytest.skip("Python 3.7 is not on this machine")
    done = environments.run(found, "-m", "venv", "--without-pip", tmp_path / "bare")
    assert done.returncode == 0, done.stdout
    with pytest.raises(Unusable, match="has no module bcrypt, flask, requests, sqlalchemy: name"):
        grade(str(LESSON), python=str(tmp_path / "bare" / "bin" / "python"))
