"""The lesson passes all 21 tasks and everything beyond them."""

import pytest

from vestibule.lab.contract import grade
from vestibule.lab.report import Report, Verdict

from .lessons import LESSON


@pytest.fixture(scope="module")
def report() -> Report:
    """The verdict on the lesson as it is."""
    return grade(str(LESSON))


def test_the_lesson_passes_21_tasks(report: Report) -> None:
    assert [result.key for result in report.tasks] == list(range(21))
    assert {result.verdict for result in report.tasks} == {Verdict.PASSED}
    assert report.passed


def test_the_lesson_passes_everything_beyond(report: Report) -> None:
    assert len(report.beyond) == 18
    assert {result.verdict for result in report.beyond} == {Verdict.PASSED}


def test_nothing_of_the_lesson_is_stood_in_for(report: Report) -> None:
    assert report.stood_in == []


def test_grading_a_folder_writes_nothing_into_it() -> None:
    before = sorted(LESSON.rglob("*"))
    grade(str(LESSON), beyond=[])
    assert sorted(LESSON.rglob("*")) == before


def test_the_progress_is_told_for_every_check() -> None:
    told: list[tuple[int, int, str]] = []
    grade(str(LESSON), beyond=["names"], progress=lambda *step: told.append(step))
    assert {total for _, total, _ in told} == {22}
    assert max(done for done, _, _ in told) == 21
    assert "0. user.py User(Base)" in [name for _, _, name in told]
