"""Under ``REQUIRE_ALL=1`` a test that is skipped has failed: the machine was to have everything.

A Python interpreter that is missing is the one exception; its skip names it, as in ``no python3.7
on this machine``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator

import pytest
from hypothesis import settings

MISSING_PYTHON = re.compile(
    r"\b(python ?3\.\d+|no interpreter)\b.*\bon this machine", re.IGNORECASE
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the tests of the service on the other database, too."""
    parser.addoption(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="what the service stands on in tests that name no database",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Know the marks of the tests."""
    config.addinivalue_line("markers", "only_sqlite(reason): about what PostgreSQL does not have")
    # No test is about time: on a machine that is busy, any example may take long.
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test into a failure."""
    report = yield
    _require(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole file into an error."""
    report = yield
    _require(report)
    return report


def _require(report: pytest.TestReport | pytest.CollectReport) -> None:
    expected_to_fail = hasattr(report, "wasxfail")
    if os.environ.get("REQUIRE_ALL") != "1" or not report.skipped or expected_to_fail:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not MISSING_PYTHON.search(reason):
        report.outcome = "failed"
        report.longrepr = f"skipped, though REQUIRE_ALL=1 allows no skip: {reason}"
