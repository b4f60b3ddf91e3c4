"""Some threads, and the short queue in front of them.

Whoever asks for more than can be done must not stop the rest. Where a queue has no end, each answer
comes when nobody waits for it any more. Here, who would wait too long is refused at once, before
anything is done, whoever it is; and who has waited too long after all is refused when it is their
turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
# The weight of the last one in the mean time that a request takes.
WEIGHT = 0.1
# Who waited this many times as long as is to be expected at most has given up, or asks again.
PATIENCE = 2


class Queue:
    """A queue for one kind of requests, known by the event loop that puts them in.

    :param threads: requests that are worked at together.
    :param most: requests in all, those that are worked at included.
    :param wait: seconds that a request may be expected to wait for a thread.
    """

    def __init__(self, name: str, *, threads: int, most: int, wait: float) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._many, self._most, self._wait = threads, most, wait
        self._inside = 0
        # Seconds that a request keeps a thread: the mean of the last ones.
        self._pace = 0.0

    def close(self) -> None:
        """Finish what was begun."""
        self._threads.shutdown()

    async def answer(self, work: Callable[[], Result], refuse: Callable[[], Result]) -> Result:
        """What ``work`` returns on a thread; or ``refuse``, here and now if that is known now."""
        if self._inside >= self._most or self._expected() > self._wait:
            return refuse()
        self._inside += 1
        try:
            late = time.monotonic() + PATIENCE * self._wait
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._turn, late, work, refuse)
        finally:
            self._inside -= 1

    def _expected(self) -> float:
        return max(0, self._inside + 1 - self._many) * self._pace / self._many

    def _turn(
        self, late: float, work: Callable[[], Result], refuse: Callable[[], Result]
    ) -> Result:
        began = time.monotonic()
        if began >= late:
            return refuse()
        try:
            return work()
        finally:
            self._pace += (time.monotonic() - began - self._pace) * WEIGHT
