"""A clock that stands still until a test moves it: nobody sleeps for time to pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Passed as ``clock`` wherever the service asks for the time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time now."""
        return self.now

    def advance(self, by: timedelta | None = None, **parts: float) -> None:
        """Let ``by`` pass, or as many ``seconds``, ``minutes``, ``days`` as are named."""
        self.now += by if by is not None else timedelta(**parts)
