"""What is done again when another transaction was in its way.

PostgreSQL ends a transaction that it cannot put into any order with others (``40001``), or that
waits for one that waits for it (``40P01``). Nothing of it is stored, and it is for the client to
begin again. Locks are taken in one order, so this is rare; where it happens nobody is to see it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from vestibule.auth.errors import Conflict

Result = TypeVar("Result")
TRIES = 5
# Doubled each time, and drawn by lot, so that two do not meet again.
FIRST_WAIT_SECONDS = 0.01


def until_settled(act: Callable[[], Result]) -> Result:
    """What ``act`` returns, called again as long as a conflict ends it, a few times at most.

    :raises Conflict: it came to nothing each time; nothing was stored.
    """
    for failed in range(TRIES - 1):
        try:
            return act()
        except Conflict:
            time.sleep(random.uniform(0, FIRST_WAIT_SECONDS * 2**failed))  # noqa: S311 - no secret.
    return act()
