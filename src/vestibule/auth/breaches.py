"""Whether a new password was stolen elsewhere (NIST SP 800-63B-4 section 3.1.1.2, ASVS 6.2.12).

Who steals passwords somewhere tries them everywhere. The list is another service, or a file that
may be missing; a person who registers depends on neither: where the list does not answer in time,
the password is taken, and the audit trail says that it was not looked up.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread

from vestibule.auth.breach_file import count_in_file
from vestibule.auth.errors import PasswordRefused
from vestibule.config import BreachList

log = logging.getLogger(__name__)

# Names are resolved, hosts reached and answers read within this, or not at all.
SECONDS = 1.5
# Once it failed, the list is left alone: a thread that waits for it serves nobody else.
REST_SECONDS = 10.0
Failed = Callable[[str], None]


class Breaches:
    """The list, asked about new passwords and never at login."""

    def __init__(self, where: BreachList, failed: Failed) -> None:
        self._where = where
        self._failed = failed
        self._rests_until = 0.0

    def require_unknown(self, password: str) -> None:
        """Accept a password that is not in the list, or that it cannot tell about now.

        :raises PasswordRefused: it is in the list.
        """
        # What the lists are made of; nothing is kept by it.
        sha1 = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        if self._count(sha1):
            raise PasswordRefused(
                "breached",
                "This password was stolen from another service, so others try it; choose another.",
            )

    def _count(self, sha1: str) -> int:
        """How often the password was stolen; 0 where that cannot be told."""
        if time.monotonic() < self._rests_until:
            self._tell("resting")
            return 0
        try:
            return _within(SECONDS, lambda: self._ask(sha1))
        except TimeoutError:
            self._tell("late")
        except OSError:
            self._tell("unreachable")
        except ValueError:
            self._tell("malformed")
        self._rests_until = time.monotonic() + REST_SECONDS
        return 0

    def _ask(self, sha1: str) -> int:
        if self._where.path:
            return count_in_file(self._where.path, sha1)
        from vestibule.auth.breach_range import count_by_range  # noqa: PLC0415 - memory: HTTP, TLS.

        return count_by_range(self._where.url or "", sha1, SECONDS)

    def _tell(self, why: str) -> None:
        log.warning("passwords.breach_check_failed", extra={"outcome": why})
        self._failed(why)


def _within(seconds: float, work: Callable[[], int]) -> int:
    """What ``work`` returns or raises, if it does within so many seconds.

    Nothing ends the resolving of a name: the thread that does it is left to itself.

    :raises TimeoutError: it does not.
    """
    result: Future[int] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for it.
            result.set_exception(error)

    Thread(target=run, name="breaches", daemon=True).start()
    return result.result(seconds)
