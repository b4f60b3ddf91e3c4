"""What was measured, by name; and what could not be, with the reason."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

LONGEST_REASON = 200


@dataclass
class Rows:
    """The rows of the table: one that fails is named, and the others go on."""

    found: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """Measure a row in the block; whatever goes wrong there is kept as its reason."""
        try:
            yield
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one row, and not the others.
            self.fail(name, error)

    def fail(self, name: str, error: BaseException) -> None:
        """Keep why this one could not be measured."""
        words = f"{error}" or type(error).__name__
        self.failed[name] = words.strip().splitlines()[-1][:LONGEST_REASON]
        self.say(f"{name} FAILED: {self.failed[name]}")

    def say(self, words: str) -> None:
        """Tell whoever waits how far it is."""
        print(f"{time.monotonic() - self.began:4.0f} s  {words}", file=sys.stderr, flush=True)
