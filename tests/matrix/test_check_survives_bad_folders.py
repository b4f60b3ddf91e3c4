"""A folder that hangs, dies, prints rubbish or lacks files is graded without a traceback."""

import socket
import tempfile
import time
from pathlib import Path

import pytest

from tests.lab.lessons import Edit, lesson_copy
from vestibule.lab.contract import grade
from vestibule.lab.report import Report, Unusable

SECONDS = 2.0
# What stands on nothing of auth.py: the table, the storage and main.py.
WITHOUT_AUTH = [0, 1, 2, 3, 20]


def seen(report: Report, number: int) -> str:
    """Return what was seen where this task failed."""
    return report.tasks[number].seen or ""


def graded(target: Path) -> Report:
    """Return the verdict on the 21 tasks, each within a short time."""
    return grade(str(target), seconds=SECONDS, beyond=[])


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("while True: pass", "it was stopped"),
        ("raise SystemExit(3)", "SystemExit: 3 (auth.py, line 2)"),
        ("import os; os._exit(0)", "it ended its own process"),
        ("def broken(:", "SyntaxError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "it ended its own process"),
    ],
    ids=["hangs", "exits", "ends at once", "syntax error", "crashes"],
)
def test_a_module_that_cannot_be_imported_fails_what_needs_it(
    line: str, shown: str, tmp_path: Path
) -> None:
    target = lesson_copy(tmp_path)
    source = (target / "auth.py").read_text()
    (target / "auth.py").write_text(f"#!/usr/bin/env python3\n{line}\n{source}")
    report = graded(target)
    assert [result.key for result in report.tasks if not result.failed] == WITHOUT_AUTH
    assert shown in seen(report, 5)
    assert report.tasks[5].expected == "auth.py to be imported"


def test_rubbish_on_the_outputs_disturbs_nobody(tmp_path: Path) -> None:
    target = lesson_copy(tmp_path)
    app = target / "app.py"
    rubbish = 'import os, sys\nos.write(1, b"\\xff{}\\n" * 9999)\nprint("{", file=sys.stderr)\n'
    app.write_text(app.read_text().replace("from auth", rubbish + "from auth"))
    assert graded(target).passed


def test_a_port_taken_at_import_is_the_targets_own_affair(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    line = f'AUTH = Auth()\nTAKEN = __import__("socket").create_server(("127.0.0.1", {port}))\n'
    target = lesson_copy(tmp_path, Edit("app.py", "AUTH = Auth()\n", line))
    assert graded(target).passed


def test_an_empty_folder_fails_every_task(tmp_path: Path) -> None:
    report = graded(tmp_path)
    assert report.failed_tasks == list(range(21))
    assert seen(report, 0) == "no such file"


@pytest.mark.parametrize(
    ("name", "failed"),
    [("user.py", [0]), ("main.py", [20]), ("app.py", [6, 7, 11, 14, 15, 17, 19])],
)
def test_a_missing_file_fails_the_tasks_that_are_about_it(
    name: str, failed: list[int], tmp_path: Path
) -> None:
    target = lesson_copy(tmp_path)
    (target / name).unlink()
    report = graded(target)
    assert report.failed_tasks == failed
    assert seen(report, failed[0]) == "no such file"


def test_a_view_that_hangs_and_one_that_dies_fail_only_themselves(tmp_path: Path) -> None:
    target = lesson_copy(
        tmp_path,
        Edit("app.py", '    """Say welcome."""\n', "    while True: pass\n"),
        Edit("app.py", '    """Register a new user."""\n', "    __import__('os')._exit(1)\n"),
    )
    report = graded(target)
    assert report.failed_tasks == [6, 7]
    assert "none that ended in time" in seen(report, 6)


def test_a_target_that_ends_its_parent_is_graded(tmp_path: Path) -> None:
    kill = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n"
    target = lesson_copy(tmp_path, Edit("auth.py", "import bcrypt\n", kill + "import bcrypt\n"))
    report = graded(target)
    assert seen(report, 4) == "the probe is gone"
    assert report.failed_tasks[:1] == [4]


def test_a_whole_run_has_an_end(tmp_path: Path) -> None:
    wait = '        """Start with an empty table."""\n        __import__("time").sleep(99)\n'
    target = lesson_copy(
        tmp_path, Edit("db.py", '        """Start with an empty table."""\n', wait)
    )
    before = time.monotonic()
    report = grade(str(target), seconds=0.5)
    assert time.monotonic() - before < 0.5 * 12 + 5
    assert not report.passed
    assert seen(report, 20) == "not reached in that time"


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pids = tmp_path / "pids"
    note = f'__import__("os").write(__import__("os").open({str(pids)!r}, 1089), b"%d " % PID)\n'
    start = (
        'PID = __import__("subprocess").Popen(["sleep", "60"]).pid\n'
        + note
        + 'PID = __import__("os").getpid()\n'
        + note
    )
    target = lesson_copy(tmp_path, Edit("user.py", "Base = ", start + "Base = "))
    assert graded(target).passed
    assert not list(tmp_path.glob("vestibule-check-*"))
    alive = [pid for pid in pids.read_text().split() if running(int(pid))]
    assert alive == []


def running(pid: int) -> bool:
    """Tell whether a process is there and no zombie, which its reaper has yet to see."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("target", "python", "shown"),
    [
        ("/no/such/folder", None, "neither a folder nor"),
        ("localhost:5000", None, "neither a folder nor"),
        (__file__, None, "neither a folder nor"),
        (".", "/no/such/python", "cannot be run"),
        (".", "/bin/true", "did not start as Python 3.7 or later"),
    ],
)
def test_what_is_no_target_is_refused(
    target: str, python: str | None, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unusable, match=shown):
        grade(target, python=python)


def test_a_folder_far_bigger_than_the_exercise_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(Unusable, match="far more than the exercise"):
        grade(str(tmp_path))
