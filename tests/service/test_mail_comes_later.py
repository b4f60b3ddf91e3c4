"""A mail is composed some time after it was asked for: the next answer must not tell of it."""

from __future__ import annotations

import time

import pytest

from tests.conftest import Build
from tests.stage.profiles import STRICT
from tests.stage.visits import ALICE, eventually, front_desk, mails, register
from vestibule.auth import worker
from vestibule.auth.upkeep import LATER_SECONDS


def test_when_is_drawn_by_lot(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    app, drawn = build(STRICT), list[tuple[float, float, int]]()
    desk = front_desk(app)

    def lot(least: float, most: float) -> float:
        drawn.append((least, most, len(mails(desk.outbox.folder))))
        return 0.0

    monkeypatch.setattr(worker, "uniform", lot)
    register(client := app.test_client())
    desk.upkeep.start()
    client.post("/reset_password", data={"email": ALICE})
    eventually(lambda: bool(mails(desk.outbox.folder)))
    assert drawn[0] == (0, LATER_SECONDS, 0)


def test_a_service_that_stops_does_not_wait_for_it(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "uniform", lambda *_: 3600.0)
    monkeypatch.setattr(worker, "STOP_SECONDS", 30.0)
    app = build(STRICT)
    register(client := app.test_client())
    desk = front_desk(app)
    desk.upkeep.start()
    client.post("/reset_password", data={"email": ALICE})
    began = time.monotonic()
    desk.upkeep.close()
    assert time.monotonic() - began < 20, "an hour would have been drawn"
