"""docs/performance.md says what was measured: its figures are those that are stored."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench import page
from bench.bars import bars
from bench.page import FOLDER, MARK, PAGE, plots, renewed, stored
from bench.peers import PEERS
from bench.report import CHECKS, SECTIONS

IMAGE = re.compile(r"!\[[^\]]+\]\((performance/[^)]+)\)")


def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_every_figure_between_marks_is_a_stored_one() -> None:
    assert renewed(text(), stored()) == text(), "python -m bench.page makes it once more"


def test_a_figure_that_somebody_changed_would_be_noticed() -> None:
    found = MARK.search(text(), text().index("<!-- measured: to reach"))
    assert found
    changed = text()[: found.start()] + re.sub(r"\d", "9", found[0]) + text()[found.end() :]
    assert changed != text()
    assert renewed(changed, stored()) == text()


def test_every_plot_is_drawn_from_them_and_shown() -> None:
    drawn = plots(stored())
    assert {path.name for path in FOLDER.glob("*.svg")} == drawn.keys()
    assert set(IMAGE.findall(text())) == {f"performance/{name}" for name in drawn}
    for name, plot in drawn.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == plot, name


def test_every_section_of_the_table_is_on_the_page() -> None:
    assert {found[2] for found in MARK.finditer(text())} >= SECTIONS.keys()


def test_every_promise_and_every_peer_is_named() -> None:
    run = stored()["sqlite"]
    assert run["plan"]["peers"]
    named = [bar.promise.job for bar in bars(run)] + [CHECKS[peer.name] for peer in PEERS]
    assert [words for words in named if words not in text()] == []


def test_a_run_takes_the_place_of_the_one_before_and_the_same_one_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, words = stored(), text()
    monkeypatch.setattr(page, "PAGE", tmp_path / "performance.md")
    monkeypatch.setattr(page, "FOLDER", tmp_path / "performance")
    monkeypatch.setattr(page, "RESULTS", tmp_path / "performance" / "results.json")
    page.PAGE.write_text(words, encoding="utf-8")
    page.write(before)
    assert page.PAGE.read_text(encoding="utf-8") == words
    run = before["sqlite"] | {"date": "2031-02-03"}
    page.store(run)
    assert page.PAGE.read_text(encoding="utf-8").count("2031-02-03") == 1
    assert "2031-02-03" in (page.FOLDER / "storm.svg").read_text(encoding="utf-8")
