"""One run over a URL: the routes, and what lies beyond them."""

from __future__ import annotations

import socket
import ssl
import time
from functools import partial
from urllib.parse import urlsplit

from vestibule.lab.checks import OVER_HTTP
from vestibule.lab.client import Answer, Client
from vestibule.lab.course import Course
from vestibule.lab.folder import Verdict
from vestibule.lab.probe.verdict import failure
from vestibule.lab.report import Report, Unusable
from vestibule.lab.site import Site

# After so many checks without an answer in time, there is nothing to wait for.
MOST_SILENCES = 2
REACH_SECONDS = 5.0


# How Vestibule's strict profile answers where the contract would let somebody in.
STRICT_MESSAGE = "a link is on its way"
STRICT_CODES = {"password_refused"}
STRICT = (
    "This is Vestibule's strict profile, which differs from the contract on purpose (reset tokens "
    "travel by mail, passwords have rules): grade `vestibule run --profile classic` instead."
)
ALL_404 = "Every answer was 404: is the path of the URL right?"


class UrlRun:
    """Asks what listens at a URL, and gives up on it when it no longer answers.

    :raises Unusable: nothing listens there.
    """

    def __init__(self, url: str, course: Course) -> None:
        reach(url)
        self._url = url
        self._course = course
        self._client = Client(url, watch=self._note)
        self._silences = 0
        self._statuses: set[int] = set()
        self._strict = False

    def report(self) -> Report:
        """Make all checks that a URL allows and return their verdicts."""
        course = self._course
        for key in filter(course.wanted, OVER_HTTP):
            verdict = course.judge(key, partial(self._ask, key), OVER_HTTP[key].patience)
            # A server that expects TLS closes at once, or explains it with a 400.
            if key == "6" and not verdict.get("silent") and self._statuses <= {400}:
                refuse_tls(self._url)
            if self._silences < MOST_SILENCES:
                self._silences = self._silences + 1 if verdict.get("silent") else 0
        return Report(
            target=self._url,
            kind="url",
            python=None,
            tasks=course.tasks(),
            beyond=course.results_beyond(),
            stood_in=[],
            notes=self._notes(),
            seconds=course.elapsed,
        )

    def _note(self, answer: Answer) -> None:
        """Remember what an answer says about the target as a whole."""
        self._statuses.add(answer.status)
        if STRICT_MESSAGE in answer.field("message") or answer.field("code") in STRICT_CODES:
            self._strict = True

    def _notes(self) -> list[str]:
        found = {STRICT: self._strict, ALL_404: self._statuses == {404}}
        return [note for note, holds in found.items() if holds]

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
        with socket.create_connection((parts.hostname, port), timeout=REACH_SECONDS) as plain:
            if parts.scheme == "https":
                ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message
        raise Unusable(f"the certificate at {url} is not trusted: {why}") from error
    except (ssl.SSLError, ConnectionResetError, TimeoutError) as error:
        if parts.scheme != "https":
            raise Unusable(f"nothing can be reached at {url}: {error.strerror or error}") from error
        raise Unusable(f"nothing speaks TLS at {url}: is it http://{parts.netloc}?") from error
    except ValueError as error:
        raise Unusable(f"{url} is not a URL: {error}") from error
    except OSError as error:
        raise Unusable(f"nothing can be reached at {url}: {error.strerror or error}") from error


def refuse_tls(url: str) -> None:
    """Go on with a URL that is named http unless what listens there speaks TLS.

    :raises Unusable: it does.
    """
    parts = urlsplit(url)
    if parts.scheme != "http":
        return
    context = ssl.create_default_context()
    # Nothing is said to this server: what matters is whether it answers in TLS at all.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        address = (parts.hostname, parts.port or 80)
        with socket.create_connection(address, timeout=2) as plain:
            context.wrap_socket(plain, server_hostname=parts.hostname).close()
    except ssl.SSLError as error:
        # An alert is said in TLS, even if it says no.
        if "ALERT" not in (error.reason or ""):
            return
    except (OSError, ValueError):
        return
    raise Unusable(f"what listens at {url} speaks TLS: name it https://{parts.netloc}")
