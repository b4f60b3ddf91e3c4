"""A plain implementation, with other habits than the lesson's, passes all the tasks as well."""

import shutil
from pathlib import Path

import pytest

from vestibule.lab.contract import grade

# Somebody else's solution: bytes for a hash, one session for all threads, an absolute redirect,
# an integer for a port.
PLAIN = Path(__file__).parent / "plain"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A folder with the plain implementation."""
    shutil.copytree(PLAIN, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_plain_implementation_passes_all_21_tasks(plain: Path) -> None:
    report = grade(str(plain), beyond=[])
    assert [(r.key, r.expected, r.seen) for r in report.tasks if r.failed] == []


def test_a_plain_implementation_fails_beyond_where_it_is_careless(plain: Path) -> None:
    careless = {"missing-fields", "trailing-slashes", "failed-insert", "shebang", "docstrings"}
    report = grade(str(plain), beyond=careless)
    assert set(report.failed_beyond) == careless


def test_a_broken_function_that_keeps_bytes_is_stood_in_for_by_one_that_does(plain: Path) -> None:
    auth = plain / "auth.py"
    auth.write_text(auth.read_text().replace("already exists", "is taken"))
    assert grade(str(plain), beyond=[]).failed_tasks == [5]


def test_a_folder_with_files_of_its_own_database_and_environment_is_graded(plain: Path) -> None:
    (plain / "a.db").write_text("not a database")
    (plain / ".venv").mkdir()
    (plain / "json.py").write_text("raise SystemExit('shadows the standard library')")
    report = grade(str(plain), beyond=["shebang"])
    assert report.beyond[0].failed
    assert len(report.tasks) == 21
