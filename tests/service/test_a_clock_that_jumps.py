"""A clock that is set a day ahead or back: nothing that was over comes back, nobody waits a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    mails,
    reset_token,
    set_password,
    try_login,
    visitor,
)

pytestmark = on_both_databases
DAY = timedelta(days=1)


def test_a_session_that_was_over_and_swept_stays_over(
    alice: FlaskClient, clock: MovableClock
) -> None:
    clock.advance(days=7, hours=1)
    assert alice.get("/profile").status_code == 403
    front_desk(alice.application).upkeep.sweep()
    clock.advance(-DAY)
    assert alice.get("/profile").status_code == 403


@pytest.mark.parametrize("by", [DAY, -DAY], ids=["ahead", "back"])
def test_who_is_logged_in_stays_so(alice: FlaskClient, clock: MovableClock, by: timedelta) -> None:
    clock.advance(by)
    assert alice.get("/profile").status_code == 200
    front_desk(alice.application).upkeep.sweep()
    clock.advance(-by)
    assert alice.get("/profile").status_code == 200


def test_a_token_that_was_over_stays_over(alice: FlaskClient, clock: MovableClock) -> None:
    token = reset_token(alice)
    clock.advance(minutes=31)
    assert set_password(alice, token).status_code == 403
    clock.advance(-DAY)
    assert set_password(alice, token).status_code == 403
    assert try_login(visitor(alice.application)).status_code == 200


def test_a_token_of_a_day_that_was_not_does_not_work_longer_than_others(
    alice: FlaskClient, clock: MovableClock
) -> None:
    clock.advance(DAY)
    token = reset_token(alice)
    for mail in mails(front_desk(alice.application).outbox.folder):
        mail.unlink()
    clock.advance(-DAY)
    assert set_password(alice, token).status_code == 403
    assert set_password(alice, reset_token(alice)).status_code == 200
    assert try_login(visitor(alice.application), ALICE, NEW_PASSWORD).status_code == 200


def test_mail_that_was_tried_in_the_future_is_not_late(
    alice: FlaskClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = front_desk(alice.application).outbox
    outbox.deliver_due()
    before = len(mails(outbox.folder))
    clock.advance(DAY)
    assert alice.post("/reset_password", data={"email": ALICE}).status_code == 200
    clock.advance(-DAY)
    outbox.deliver_due()
    assert len(mails(outbox.folder)) == before + 1


def test_a_limit_that_was_reached_in_the_future_does_not_last_a_day(
    alice: FlaskClient, clock: MovableClock
) -> None:
    clock.advance(DAY)
    answers = [try_login(visitor(alice.application), ALICE, WRONG).status_code for _ in range(12)]
    assert answers[-1] == 429
    clock.advance(-DAY)
    assert int(try_login(visitor(alice.application)).headers["Retry-After"]) <= 15 * 60
    clock.advance(minutes=15)
    assert try_login(visitor(alice.application), ALICE, PASSWORD).status_code == 200


def test_the_audit_trail_holds_though_its_times_do_not_rise(
    alice: FlaskClient, clock: MovableClock
) -> None:
    for by in (DAY, -DAY):
        clock.advance(by)
        log_in(visitor(alice.application))
    auth = front_desk(alice.application)
    auth.audit.flush()
    checked = auth.trail.verify()
    assert (checked.fault, checked.count > 3) == (None, True)
