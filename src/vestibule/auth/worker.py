"""Threads that do what no request waits for: mail, notes of visits, sweeping up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from random import uniform
from threading import Event, Thread

from vestibule.auth.conflicts import until_settled
from vestibule.auth.errors import StorageUnavailable

log = logging.getLogger(__name__)

# Mail that another process queued, or that is due again, waits this long at most.
POLL_SECONDS = 2.0
SWEEP_SECONDS = 60.0
# Who has more to do rests for so many times as long as it took of a core: nobody waits for it, and
# requests would, a fifth of the core at most.
REST = 4
# For what was begun, at the end: a mail server may hang for longer, and its mail comes back anyway.
STOP_SECONDS = 10.0


class Worker:
    """Does what is to be done ``often`` every other second, or when woken; sweeps once a minute.

    An errand that returns ``True`` has more to do, and is run again at once. ``later`` is for how
    many seconds, at most, it lies low after it was woken, so that what it does cannot be seen by
    the time that the next request takes.
    """

    def __init__(
        self,
        name: str,
        *,
        often: tuple[Callable[[], object], ...],
        sweep: Callable[[], object] | None = None,
        wake: Event | None = None,
        later: float = 0.0,
    ) -> None:
        self._often = often
        self._sweep = sweep
        self._wake = wake or Event()
        self._later = later
        self._ended = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what was begun, if that takes no longer than ten seconds, and end."""
        self._ended.set()
        self._wake.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        swept = time.monotonic()
        while not self._ended.is_set():
            self._wake.clear()
            began = time.thread_time()
            more = [errand for errand in self._often if self._attempt(errand) is True]
            if self._sweep and time.monotonic() - swept >= SWEEP_SECONDS:
                swept = time.monotonic()
                self._attempt(self._sweep)
            if more:
                self._ended.wait(REST * (time.thread_time() - began))
            elif self._wake.wait(POLL_SECONDS) and self._later:
                self._ended.wait(uniform(0, self._later))  # noqa: S311 - no secret.

    def _attempt(self, errand: Callable[[], object]) -> object:
        try:
            return until_settled(errand)
        except StorageUnavailable:
            log.warning("worker.storage_unavailable")
        except Exception:
            # One errand that fails must not stop the others, nor the next round.
            log.exception("worker.failed")
        return None
