"""Logins a second: so many, a few at a time, from the first that is sent to the last answer.

Only whole logins count. Of those that a load of so many seconds breaks off, each has cost a part
of a hash: of bcrypt, with four a second, that would be several in a hundred.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import NamedTuple

from bench.watch import percentile
from bench.wire import Lines

# Few enough that nobody waits for a hash longer than the service lets them.
AT_ONCE = 4
DONE, REFUSED = frozenset({200, 204}), frozenset({429, 503})
# Who is refused asks once more after this, and gives up after so many times.
AGAIN_SECONDS, MOST_REFUSED = 0.1, 500


class Pace(NamedTuple):
    """How fast logins were answered; and how often somebody was told to come again."""

    per_second: float
    p50_ms: float
    refused: int


def pace(
    url: str,
    words: Callable[[int], bytes],
    *,
    many: int,
    first: int = 0,
    at_once: int = AT_ONCE,
    statuses: frozenset[int] = DONE,
) -> Pace:
    """Log in so many times.

    :param words: the request of that number, the first being ``first``.
    :raises RuntimeError: one was answered otherwise than by ``statuses``.
    """
    return asyncio.run(_pace(url, map(words, itertools.count(first)), many, at_once, statuses))


async def _pace(
    url: str, requests: map[bytes], many: int, at_once: int, statuses: frozenset[int]
) -> Pace:
    lines, taken, left, refused = Lines(url), list[float](), iter(range(many)), 0

    async def again_and_again() -> None:
        nonlocal refused
        for _ in left:
            words = next(requests)
            while (answer := await lines.ask(words)).status in REFUSED and refused < MOST_REFUSED:
                refused += 1
                await asyncio.sleep(AGAIN_SECONDS)
            if answer.status not in statuses:
                raise RuntimeError(f"a login was answered with {answer.status}")
            taken.append(answer.seconds * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(again_and_again() for _ in range(at_once)))
    elapsed = time.perf_counter() - began
    lines.close()
    return Pace(many / elapsed, percentile(taken, 50), refused)
