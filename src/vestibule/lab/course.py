"""One run of the grader: the verdicts so far, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from vestibule.lab.catalogue import BEYOND, TASKS
from vestibule.lab.probe.verdict import failure
from vestibule.lab.report import Result, Verdict

# The whole run may take as long as this many checks that use up their time.
LONGEST_RUN = 12

Progress = Callable[[int, int, str], None]
NAMES = {**{str(number): f"{number}. {name}" for number, name in TASKS.items()}, **BEYOND}


class Course:
    """Collects verdicts; a task may have several parts, and fails with the first that fails."""

    def __init__(self, seconds: float, beyond: Iterable[str] | None, progress: Progress) -> None:
        self.beyond = set(BEYOND if beyond is None else beyond)
        self._seconds = seconds
        self._progress = progress
        self._started = time.monotonic()
        self._verdicts: dict[str, list[tuple[dict[str, object], float]]] = {}

    @property
    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return round(time.monotonic() - self._started, 3)

    def wanted(self, key: str) -> bool:
        """Tell whether this check is part of the run."""
        return key.isdigit() or key in self.beyond

    def limit(self, patience: int = 1) -> float:
        """Return the seconds that the next check may take."""
        left = self._seconds * LONGEST_RUN - self.elapsed
        return min(self._seconds * patience, left)

    def judge(
        self, key: str, check: Callable[[float], dict[str, object]], patience: int = 1
    ) -> dict[str, object]:
        """Note and return the verdict of a check, which is told how many seconds it has."""
        limit = self.limit(patience)
        before = time.monotonic()
        self._progress(len(self._verdicts), len(TASKS) + len(self.beyond), NAMES[key])
        if limit <= 0:
            whole = self._seconds * LONGEST_RUN
            verdict = failure(f"a run of less than {whole:g} s", "not reached in that time")
        else:
            verdict = check(limit)
        if "not_ready" in verdict and not key.isdigit():
            # A task that failed is counted once, and not in what stands on it as well.
            verdict = {"not_applicable": True, "reason": verdict["seen"]}
        self._verdicts.setdefault(key, []).append((verdict, time.monotonic() - before))
        return verdict

    def tasks(self) -> list[Result]:
        """Return the verdicts on the 21 tasks, in order."""
        return [self._result(number, name) for number, name in TASKS.items()]

    def results_beyond(self) -> list[Result]:
        """Return the verdicts beyond them, in order."""
        return [self._result(key, name) for key, name in BEYOND.items() if key in self.beyond]

    def _result(self, key: int | str, name: str) -> Result:
        parts = self._verdicts.get(str(key), [])
        seconds = round(sum(spent for _, spent in parts), 3)
        failed = [verdict for verdict, _ in parts if "expected" in verdict]
        if failed:
            expected, seen = str(failed[0]["expected"]), str(failed[0]["seen"])
            return Result(key, name, Verdict.FAILED, seconds, expected, seen)
        applied = any("not_applicable" not in verdict for verdict, _ in parts)
        if applied:
            return Result(key, name, Verdict.PASSED, seconds)
        reason = next(
            (str(verdict["reason"]) for verdict, _ in parts if verdict.get("reason")), None
        )
        return Result(key, name, Verdict.NOT_APPLICABLE, seconds, reason=reason)
