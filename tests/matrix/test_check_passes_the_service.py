"""The service in its classic profile gets every task that can be asked over HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.running import running
from vestibule.lab.contract import grade
from vestibule.lab.report import Verdict


def test_the_service_in_classic_passes_every_http_task(tmp_path: Path) -> None:
    with running(tmp_path, "--profile", "classic", "--workers", "2") as server:
        report = grade(server.url)
    assert [(each.key, each.expected, each.seen) for each in report.tasks if each.failed] == []
    assert [(each.key, each.expected, each.seen) for each in report.beyond if each.failed] == []
    assert [each.key for each in report.tasks if each.verdict is Verdict.PASSED] == [
        6,
        7,
        11,
        14,
        15,
        17,
        19,
    ]
