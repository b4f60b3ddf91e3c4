"""Stopping with notice: for a while after SIGTERM ``/readyz`` says no, and all else is as before.

A proxy that asks ``/readyz`` sends a node that says no nothing new. Without notice, who connects in
the very moment of the stop is reset: nothing was done, but a proxy cannot know that, and must not
ask another node for what may have been a change.
"""

from __future__ import annotations

import signal
from mmap import mmap
from typing import Any

from granian.server.mp import MPServer

# One byte of memory that the main process shares with the workers that it forks.
_stopping = mmap(-1, 1)


def announced() -> bool:
    """Whether the service stops soon."""
    return _stopping[0] != 0


class PoliteServer(MPServer):
    """Granian's server, which gives notice before it stops.

    :param notice: for how many seconds; 0 is not at all.
    """

    def __init__(self, *values: Any, notice: float, **named: Any) -> None:
        super().__init__(*values, **named)
        self._notice = notice

    def signal_handler_interrupt(self, *caught: Any) -> None:
        """Stop: after the notice at SIGTERM, at once at SIGINT or when asked again."""
        if self._notice and caught[:1] == (signal.SIGTERM,) and not announced():
            _stopping[0] = 1
            # Not a thread: whatever the main process holds now, a new one would wait for it.
            signal.signal(signal.SIGALRM, self.signal_handler_interrupt)
            signal.setitimer(signal.ITIMER_REAL, self._notice)
        else:
            super().signal_handler_interrupt(*caught)  # type: ignore[no-untyped-call]

    def _respawn_workers(self, *values: Any, **named: Any) -> None:
        super()._respawn_workers(*values, **named)
        # Granian forgets that it was woken when it replaces a worker. If it was told to stop in
        # that moment, it must not go back to sleep.
        if self.interrupt_signal:
            self.main_loop_interrupt.set()
