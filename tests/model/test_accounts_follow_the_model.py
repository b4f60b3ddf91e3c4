"""Whatever people do, in whatever order, and however much time passes: the model says the same.

``make test`` tries a few walks, ``make test-races`` a few hundred; half of them where addresses are
verified before the first login.
"""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import Build
from tests.model.machine import Everybody
from tests.model.model import MOST_FAILURES
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.profiles import UNLIMITED

WALKS = int(os.environ.get("MODEL_WALKS", "10"))


@pytest.mark.parametrize("verifying", [False, True], ids=["at once", "verified"])
@on_both_databases
def test_accounts_sessions_tokens_and_time_follow_the_model(
    build: Build, clock: MovableClock, tmp_path: Path, verifying: bool
) -> None:
    began, number = clock.now, count()
    rules = {"require_verified": verifying, "login_failures": 1000}
    limits = UNLIMITED | {"login_failures_per_account": MOST_FAILURES, "factor_failures": 100}

    def fresh() -> Flask:
        clock.now = began
        return build("strict", data=tmp_path / str(next(number)), **rules, **limits)

    run_state_machine_as_test(
        lambda: Everybody(fresh, clock, verifying),  # type: ignore[arg-type]  # Any factory will do.
        settings=settings(
            max_examples=max(1, WALKS // 2),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
