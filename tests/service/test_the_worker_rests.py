"""What is done in the background takes a fifth of a core: who waits is served first."""

from __future__ import annotations

from threading import Event

import pytest

from vestibule.auth.worker import REST, Worker

TOOK, MAILS = 0.25, 3


class Noting(Event):
    """The end of a worker. It notes for how long it is waited for, and lets nobody wait."""

    rests: list[float]

    def wait(self, timeout: float | None = None) -> bool:
        """Note it."""
        self.rests.append(timeout or 0)
        return self.is_set()


def test_it_rests_four_times_as_long_as_it_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, mails, done = [0.0], [True] * MAILS, Event()
    Noting.rests = []
    monkeypatch.setattr("time.thread_time", lambda: seconds[0])
    monkeypatch.setattr("vestibule.auth.worker.Event", Noting)

    def deliver_next() -> bool:
        if not mails:
            done.set()
            return False
        seconds[0] += TOOK
        return mails.pop()

    worker = Worker("test", often=(deliver_next,), wake=Event())
    worker.start()
    assert done.wait(10)
    worker.stop()
    assert Noting.rests == [REST * TOOK] * MAILS
