"""`vestibule check` prints tables for people, JSON for machines, and ends with the right status."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from vestibule.cli.check import check
from vestibule.lab.probe.reference import Broken, Kept, served

from .lessons import Edit, lesson_copy


@pytest.fixture
def spoilt(tmp_path: Path) -> str:
    """A copy of the lesson with a mistake in task 15."""
    edit = Edit("app.py", '{"email": user.email}', '{"email": user.email, "[red]id": 1}')
    return str(lesson_copy(tmp_path, edit))


def test_a_target_that_passes_ends_with_0() -> None:
    with served(Kept()) as port:
        result = CliRunner().invoke(check, [f"http://localhost:{port}"])
    assert result.exit_code == 0
    assert "7 of 7 tasks" in result.output
    assert "not applicable" in result.output


def test_a_target_that_fails_ends_with_1_and_shows_what_was_expected_and_seen(spoilt: str) -> None:
    result = CliRunner().invoke(check, [spoilt])
    assert result.exit_code == 1
    assert "The 21 tasks" in result.output
    assert "Beyond the exercise" in result.output
    assert "20 of 21 tasks" in result.output
    # What a target says is text and never colours the table.
    assert "[red]id" in result.output


def test_what_is_no_target_ends_with_2_and_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(check, [str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
    assert "neither a folder nor" in result.output


def test_json_has_the_documented_shape() -> None:
    with served(Broken(500, {})) as port:
        url = f"http://localhost:{port}"
        result = CliRunner().invoke(check, [url, "--json", "--timeout", "8"])
    report = json.loads(result.output)
    assert result.exit_code == 1
    assert set(report) == {
        *("format", "passed", "target", "kind", "python"),
        *("tasks", "beyond", "stood_in", "notes", "seconds"),
    }
    assert (report["format"], report["passed"], report["target"]) == (1, False, url)
    row = {"key", "name", "verdict", "seconds", "expected", "seen", "reason"}
    assert set(report["tasks"][15]) == row == set(report["beyond"][0])
    assert report["tasks"][15]["verdict"] == "failed"
    assert report["tasks"][0]["seen"] is None
    assert report["beyond"][0]["key"] == "empty-secrets"


def test_no_bar_is_drawn_where_there_is_no_terminal() -> None:
    with served(Broken(500, {})) as port:
        result = CliRunner().invoke(check, [f"http://localhost:{port}"])
    assert result.exit_code == 1
    assert result.stderr == ""
