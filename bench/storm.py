"""More logins than can be hashed, whether or not those before are answered; and who goes on.

A storm is an open loop: wrk waits for answers, people who press the button once more do not.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from bench.watch import percentile, watching_with
from bench.wire import Lines, Timed

TIMES_CAPACITY = 10
# After the last login came in, the answers have this long.
GRACE_SECONDS = 4.0
REFUSED = (429, 503)
COUNTS = ("checks", "checks_wrong", "logins", "unanswered")


async def arrivals(
    url: str, words: Callable[[int], bytes], rate: float, seconds: float, grace: float | None = None
) -> list[Timed]:
    """So many logins in a second; those that are answered.

    :param words: the request of that number.
    :param grace: seconds until the last ones are given up; without, all are waited for.
    """
    lines, asked = Lines(url), []
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0, began + number / rate - time.perf_counter()))
        asked.append(asyncio.create_task(lines.ask(words(number))))
    await asyncio.wait(asked, timeout=grace)
    for task in asked:
        task.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    lines.close()
    return [answer for answer in answers if isinstance(answer, Timed)]


def storm(
    url: str, words: Callable[[int], bytes], check: bytes, capacity: float, seconds: float
) -> dict[str, Any]:
    """What became of session checks, and of the logins that were too many.

    :param capacity: logins a second that this server can do.
    """
    rate = capacity * TIMES_CAPACITY
    with watching_with(url, check) as watched:
        answers = asyncio.run(arrivals(url, words, rate, seconds, GRACE_SECONDS))
    if not watched.milliseconds:
        raise RuntimeError("no session check was answered")
    refused = [answer.seconds * 1000 for answer in answers if answer.status in REFUSED]
    unanswered = int(rate * seconds) - len(answers)
    # Whoever was neither let in nor refused waited for the whole grace, and longer.
    late = [*refused, *[GRACE_SECONDS * 1000] * unanswered] if refused else []
    return {
        "checks": len(watched.milliseconds),
        "checks_wrong": watched.wrong,
        "p50_ms": percentile(watched.milliseconds, 50),
        "p99_ms": watched.p99,
        "logins_per_second": rate,
        "logins": int(rate * seconds),
        "answered": {str(key): many for key, many in Counter(a.status for a in answers).items()},
        "unanswered": unanswered,
        "refused_p99_ms": percentile(late, 99) if late else None,
    }


def typical(storms: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Of several storms the medians of what was measured, and the sums of what was counted."""
    every = list(storms)
    refused = [each["refused_p99_ms"] for each in every if each["refused_p99_ms"] is not None]
    answered = sum((Counter(each["answered"]) for each in every), Counter[str]())
    return {
        **{name: median(each[name] for each in every) for name in ("p50_ms", "p99_ms")},
        **{name: sum(each[name] for each in every) for name in COUNTS},
        "logins_per_second": every[0]["logins_per_second"],
        "answered": dict(sorted(answered.items())),
        "refused_p99_ms": median(refused) if refused else None,
        "turns": [round(each["p99_ms"], 1) for each in every],
    }
