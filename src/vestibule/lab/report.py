"""What the grader hands back: a verdict for each check, in order."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum

FORMAT = 1


class Unusable(Exception):
    """There is nothing to grade: no such folder, not a URL, nothing listening."""


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Result:
    """One row of the table; ``expected`` and ``seen`` are there when it failed.

    ``reason`` may say why it is not applicable.
    """

    key: int | str
    name: str
    verdict: Verdict
    seconds: float
    expected: str | None = None
    seen: str | None = None
    reason: str | None = None

    @property
    def failed(self) -> bool:
        """Tell whether the target failed here."""
        return self.verdict is Verdict.FAILED


@dataclass(frozen=True)
class Report:
    """The verdict on a target; ``stood_in`` are tasks whose failed functions ours replaced.

    ``notes`` are sentences about the target as a whole, for whoever wonders at the verdict.
    """

    target: str
    kind: str
    python: str | None
    tasks: list[Result] = field(default_factory=list)
    beyond: list[Result] = field(default_factory=list)
    stood_in: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Tell whether every task that applies to this target passed."""
        return not any(result.failed for result in self.tasks)

    @property
    def failed_tasks(self) -> list[int | str]:
        """Return the numbers of the tasks that failed."""
        return [result.key for result in self.tasks if result.failed]

    @property
    def failed_beyond(self) -> list[int | str]:
        """Return the keys of the checks beyond the exercise that failed."""
        return [result.key for result in self.beyond if result.failed]

    def as_json(self) -> dict[str, object]:
        """Return the shape that ``docs/check.md`` documents."""
        return {"format": FORMAT, "passed": self.passed, **asdict(self)}
