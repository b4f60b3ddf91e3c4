"""Of however many sessions it is written down that they were used: some at a time."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.plans import listening
from tests.stage.visits import front_desk, log_in, register, visitor
from vestibule.auth import sessions

NUMBERS = re.compile(r"sessions\.id IN \((.*?)\) ORDER")


@on_both_databases
def test_no_statement_names_more_than_some(
    build: Build, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "VISITS", 2)
    with listening() as said:
        app = build()
        register(app.test_client())
        ids = [log_in(app.test_client()) for _ in range(5)]
        clock.advance(timedelta(minutes=2))
        for each in ids:
            visitor(app, each).get("/profile")
        desk = front_desk(app).sessions
        desk.record_visits()
        found = [desk.find(each) for each in ids]
    assert {each.last_seen_at for each in found if each} == {clock()}
    named = [NUMBERS.search(text) for text, _ in said.values()]
    assert {len(each[1].split(",")) for each in named if each} == {1, 2}
