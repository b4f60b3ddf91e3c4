"""``docs/asvs.md`` says what became of each requirement, and names only tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.asvs_page import CHAPTERS, PAGE, ROOT, Requirement, page, requirements

# How many requirements of each level there are.
LEVELS = {1: 54, 2: 128, 3: 53}
# What a requirement of the first two levels may wait for.
LATER = ("second factors", "OpenID Connect")


@cache
def named_in(file: str) -> set[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {each.name for each in functions if each.name.startswith("test_")}


def rows(*, status: str) -> list[Requirement]:
    return [row for row in requirements() if row.status == status]


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.docs.asvs_page"


def test_every_requirement_is_there_once_and_in_order() -> None:
    ids = [row.id for row in requirements()]
    numbers = [tuple(map(int, re.findall(r"\d+", each))) for each in ids]
    assert all(re.fullmatch(r"V\d+\.\d+\.\d+", each) for each in ids)
    assert numbers == sorted(set(numbers))
    assert {row.chapter for row in requirements()} == set(CHAPTERS)
    levels = [row.level for row in requirements()]
    assert {level: levels.count(level) for level in LEVELS} == LEVELS


def test_what_is_met_is_shown_by_tests_that_exist() -> None:
    for row in rows(status="met"):
        assert row.tests, row.id
        for test in row.tests:
            file, _, name = test.partition("::")
            assert name in named_in(file), f"{row.id}: {test}"


@pytest.mark.parametrize("status", ["not_applicable", "deployer", "not_yet"])
def test_what_is_not_met_says_why(status: str) -> None:
    assert [row.id for row in rows(status=status) if not row.says.endswith(".")] == []


def test_nothing_in_reach_is_left_for_later() -> None:
    waiting = [row for row in rows(status="not_yet") if row.level < 3]
    assert [row.id for row in waiting if not row.says.startswith(LATER)] == []


def test_no_row_is_told_in_more_words_than_it_needs() -> None:
    assert [row.id for row in requirements() if not 10 <= len(row.asks) <= 140] == []
