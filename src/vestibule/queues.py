"""Some threads, and the short queue in front of them.

Whoever asks for more than can be done must not stop the rest. Where a queue has no end, each answer
comes when nobody waits for it any more. Here, who would wait too long is refused at once, before
anything is done, whoever it is; and who has waited too long after all is refused when it is their
turn. One client gets a share: what costs it nothing must not cost others their logins.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
# The weight of the last one in the mean time that a request takes.
WEIGHT = 0.1
# Who waited this many times as long as is to be expected at most has given up, or asks again.
PATIENCE = 2
# What one client may have of the places, and of the waiting: the rest stays to all others.
SHARE = 0.5


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
        self._of: Counter[str] = Counter()
        # Seconds that a request keeps a thread: the mean of the last ones.
        self._pace = 0.0

    def close(self) -> None:
        """Finish what was begun."""
        self._threads.shutdown()

    async def answer(
        self, work: Callable[[], Result], refuse: Callable[[], Result], whose: str = ""
    ) -> Result:
        """What ``work`` returns on a thread; or ``refuse``, here and now if that is known now.

        :param whose: the client, if one client must not have all places.
        """
        if self._is_full(self._inside, 1) or (whose and self._is_full(self._of[whose], SHARE)):
            return refuse()
        self._inside += 1
        self._of[whose] += 1
        try:
            late = time.monotonic() + PATIENCE * self._wait
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._turn, late, work, refuse)
        finally:
            self._inside -= 1
            self._of[whose] -= 1
            if not self._of[whose]:
                del self._of[whose]

    def _is_full(self, inside: int, share: float) -> bool:
        """Whether, with so many before them, one more would have no place or wait too long."""
        expected = max(0, inside + 1 - self._many) * self._pace / self._many
        return inside >= share * self._most or expected > share * self._wait

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
