"""The threads that hash passwords: as many as there are cores, and nicer than all others."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from vestibule.auth.errors import Busy
from vestibule.auth.schemes import Scheme, verify

# Of the threads that hash; 0 is everybody else's, 19 the most that can be given way.
NICE = 10
Result = TypeVar("Result", bool, str)


class Hasher:
    """Hashes and checks passwords on ``slots`` threads of its own.

    So no more hashes than these have memory at once, 19 MiB each, which the system gets back after
    each of them. And they have lower priority than the callers' threads (on Linux, a thread has its
    own nice value, which it cannot take back): a storm of logins must not slow down who is logged
    in already.

    What was begun is finished. What waited for too long is not begun: who asked has given up by
    then, or asks again, and each hash for nobody would make the next one late, too.

    :param wait: how long that is.
    """

    def __init__(self, scheme: Scheme, slots: int, wait: timedelta) -> None:
        self._scheme = scheme
        self.slots = slots
        self.wait = wait.total_seconds()
        self._threads = ThreadPoolExecutor(slots, "hash", initializer=_stand_back)

    def hash(self, password: str) -> str:
        """A hash of ``password`` by today's scheme.

        :raises Busy: it waited too long for a slot, or the system has no memory for it.
        """
        return self._run(self._scheme.hash, password)

    def verify(self, password: str, hashed: str | None) -> bool:
        """Whether ``hashed``, of whichever scheme, is of ``password``.

        ``None`` is nobody's hash: the answer is no, after the same work. So it is for whatever
        no password could have; that an account has none must not show in the time either.

        :raises Busy: it waited too long for a slot, or the system has no memory for it.
        """
        return self._run(self._verify, password, hashed or self._scheme.dummy)

    def weak(self, hashed: str) -> bool:
        """Whether ``hashed`` should be replaced now that its password is known."""
        return self._scheme.weak(hashed)

    def _verify(self, password: str, hashed: str) -> bool:
        answer = verify(password, hashed)
        if answer is None:
            verify(password, self._scheme.dummy)
        return bool(answer)

    def _run(self, work: Callable[..., Result], *values: str) -> Result:
        coming = self._threads.submit(_with_memory, work, *values)
        try:
            return coming.result(self.wait)
        except TimeoutError:
            if coming.cancel():
                raise Busy from None
            return coming.result()


def _with_memory(work: Callable[..., Result], *values: str) -> Result:
    try:
        return work(*values)
    except MemoryError:
        raise Busy from None


def _stand_back() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
