"""Whatever people do, in whatever order, and however much time passes: the model says the same.

``make test`` tries a few walks, ``make test-races`` a few hundred.
"""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import Build
from tests.model.machine import Accounts
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.profiles import UNLIMITED

WALKS = int(os.environ.get("MODEL_WALKS", "10"))


@on_both_databases
def test_accounts_sessions_tokens_and_time_follow_the_model(
    build: Build, clock: MovableClock, tmp_path: Path
) -> None:
    began, number = clock.now, count()

    def fresh() -> Flask:
        clock.now = began
        return build("strict", data=tmp_path / str(next(number)), login_failures=1000, **UNLIMITED)

    run_state_machine_as_test(
        lambda: Accounts(fresh, clock),  # type: ignore[arg-type]  # Any factory will do.
        settings=settings(
            max_examples=WALKS,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
