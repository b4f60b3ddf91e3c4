"""One run over a URL: the routes, and what lies beyond them."""

from __future__ import annotations

import socket
import time
from functools import partial
from urllib.parse import urlsplit

from vestibule.lab.checks import OVER_HTTP
from vestibule.lab.client import Client
from vestibule.lab.course import Course
from vestibule.lab.folder import Verdict
from vestibule.lab.probe.verdict import failure
from vestibule.lab.report import Report, Unusable
from vestibule.lab.site import Site

# After so many checks without an answer in time, there is nothing to wait for.
MOST_SILENCES = 2


class UrlRun:
    """Asks what listens at a URL, and gives up on it when it no longer answers.

    :raises Unusable: nothing listens there.
    """

    def __init__(self, url: str, course: Course) -> None:
        reach(url)
        self._url = url
        self._course = course
        self._client = Client(url)
        self._silences = 0

    def report(self) -> Report:
        """Make all checks that a URL allows and return their verdicts."""
        course = self._course
        for key in filter(course.wanted, OVER_HTTP):
            verdict = course.judge(key, partial(self._ask, key), OVER_HTTP[key].patience)
            if self._silences < MOST_SILENCES:
                self._silences = self._silences + 1 if verdict.get("silent") else 0
        return Report(
            target=self._url,
            kind="url",
            python=None,
            tasks=course.tasks(),
            beyond=course.results_beyond(),
            stood_in=[],
            seconds=course.elapsed,
        )

    def _ask(self, key: str, limit: float) -> Verdict:
        if self._silences >= MOST_SILENCES:
            seen = f"not asked: {MOST_SILENCES} checks in a row got no answer in time"
            return failure("a target that answers", seen)
        self._client.deadline = time.monotonic() + limit
        return OVER_HTTP[key].judge(Site(self._client))


def reach(url: str) -> None:
    """Connect to a URL once.

    :raises Unusable: it is none, or nothing listens there.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        if not parts.hostname:
            raise Unusable(f"{url} names no host")
        socket.create_connection((parts.hostname, port), timeout=5).close()
    except ValueError as error:
        raise Unusable(f"{url} is not a URL: {error}") from error
    except OSError as error:
        raise Unusable(f"nothing can be reached at {url}: {error.strerror or error}") from error
