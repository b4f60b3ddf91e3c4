"""What is over goes without anybody asking: a thread of each process sweeps once a minute."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import eventually, front_desk, log_in, register
from vestibule.auth import worker


@on_both_databases
def test_the_worker_sweeps(
    build: Build, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 0.05)
    app = build(STRICT, session_lifetime=timedelta(days=1), session_idle=timedelta(days=1))
    register(client := app.test_client())
    log_in(client)
    front_desk(app).upkeep.start()
    assert rows(app, "SELECT count(*) FROM sessions") == [(1,)]
    clock.advance(days=2)
    eventually(lambda: rows(app, "SELECT count(*) FROM sessions") == [(0,)])
