"""The two profiles: most tests run in both; these marks keep a test, or a file, to one."""

from __future__ import annotations

import pytest

STRICT, CLASSIC = "strict", "classic"
only_strict = pytest.mark.parametrize("profile", [STRICT])
only_classic = pytest.mark.parametrize("profile", [CLASSIC])
