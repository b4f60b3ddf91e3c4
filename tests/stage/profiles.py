"""The two profiles: most tests run in both; these marks keep a test, or a file, to one."""

from __future__ import annotations

from typing import Any

import pytest

STRICT, CLASSIC = "strict", "classic"
only_strict = pytest.mark.parametrize("profile", [STRICT])
only_classic = pytest.mark.parametrize("profile", [CLASSIC])

# For tests that do from one place what many people do from many, and are about something else.
UNLIMITED: dict[str, Any] = {
    "login_failures_per_account": 0,
    "login_failures_per_origin": 0,
    "login_failures_per_hour": 0,
    "registrations_per_origin": 0,
    "registrations_per_hour": 0,
    "mails_per_origin": 0,
    "mails_per_hour": 0,
}
