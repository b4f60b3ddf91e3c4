"""The audit trail: what is acknowledged has its row, and what has its row was done."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.profiles import STRICT
from tests.stage.raw import database_of, rows
from tests.stage.visits import ALICE, PASSWORD, front_desk
from vestibule.auth import Auth
from vestibule.auth.acts import Waiting
from vestibule.auth.audit import Audit
from vestibule.auth.caller import nobody
from vestibule.auth.chain import Chain
from vestibule.auth.errors import BadCredentials, StorageUnavailable
from vestibule.db import DB

pytestmark = on_both_databases


@pytest.fixture
def app(build: Build) -> Flask:
    return build(STRICT)


@pytest.fixture
def auth(app: Flask) -> Auth:
    return front_desk(app)


@pytest.fixture
def db(app: Flask) -> Iterator[DB]:
    opened = DB(database_of(app))
    yield opened
    opened.close()


def trail(auth: Auth) -> list[tuple[str, str]]:
    auth.audit.flush()
    return [(row.act, row.outcome) for row in auth.trail.newest(1000)]


def fail(auth: Auth, db: DB, error: Exception) -> None:
    """An act that something is raised in after it was accepted."""
    with auth.audit.recording("act.failed") as act, db.begin() as tx:
        act.accept(tx)
        raise error


def test_an_accepted_act_is_written_with_what_it_did(auth: Auth, db: DB) -> None:
    with auth.audit.recording("act.one") as act, db.begin() as tx:
        act.accept(tx)
        assert tx.audit.newest() == []
    assert [row.act for row in auth.trail.newest(1)] == ["act.one"]


def test_an_act_whose_transaction_fails_is_not_written(auth: Auth, db: DB) -> None:
    before = trail(auth)
    with pytest.raises(RuntimeError):
        fail(auth, db, RuntimeError())
    assert trail(auth) == before


def test_a_refusal_is_written_later_and_goes_on(auth: Auth, db: DB) -> None:
    before = trail(auth)
    with pytest.raises(BadCredentials):
        fail(auth, db, BadCredentials("No."))
    assert len(auth.trail.newest(1000)) == len(before)
    assert trail(auth) == [*before, ("act.failed", "credentials_wrong")]


def test_a_fault_is_neither(auth: Auth, db: DB) -> None:
    before = trail(auth)
    with pytest.raises(StorageUnavailable):
        fail(auth, db, StorageUnavailable())
    assert trail(auth) == before


def test_whose_act_it_is_can_be_said_by_number_or_by_address(auth: Auth) -> None:
    user = auth.register_user(ALICE, PASSWORD)
    for name, value in (("user_id", user.id), ("email_key", ALICE)):
        with auth.audit.recording(f"act.{name}") as act:
            setattr(act, name, value)
            act.refuse("refused")
    with auth.audit.recording("act.nobody") as act:
        act.email_key = "nobody@example.com"
        act.refuse("refused")
    auth.audit.flush()
    of_alice = [row.act for row in auth.audit.of_user(user.pseudonym)]
    assert of_alice[:2] == ["act.email_key", "act.user_id"]
    assert "act.nobody" not in of_alice


def test_appends_from_many_threads_make_one_chain_without_gaps(auth: Auth, db: DB) -> None:
    def act(number: int) -> None:
        with auth.audit.recording("act.many") as recorded, db.begin() as tx:
            recorded.accept(tx)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(60)))
    verdict = auth.trail.verify()
    assert (verdict.count, verdict.head.number, verdict.fault) == (60, 60, None)


def test_refusals_that_find_no_room_are_counted(auth: Auth, db: DB, clock: MovableClock) -> None:
    small = Audit(db, clock, Chain(auth.keys), nobody, timedelta(1), Waiting(most=3))
    for _ in range(5):
        small.refuse("act.flood", "cross_site")
    small.flush()
    assert trail(auth) == [("act.flood", "cross_site")] * 3 + [("audit.dropped", "2")]
    clock.advance(minutes=1)
    small.refuse("act.flood", "cross_site")
    small.flush()
    assert trail(auth)[4:] == [("act.flood", "cross_site")]
    assert auth.trail.verify().fault is None


def test_how_long_they_are_kept_is_a_setting(build: Build, clock: MovableClock) -> None:
    auth = front_desk(build(STRICT, audit_retention=timedelta(days=1)))
    for name in ("act.old", "act.young"):
        auth.audit.refuse(name, "refused")
        auth.audit.flush()
        clock.advance(hours=13)
    auth.upkeep.sweep()
    assert trail(auth) == [("act.young", "refused")]


def test_old_rows_go_and_the_rest_still_holds(auth: Auth, clock: MovableClock) -> None:
    for _ in range(2):
        clock.advance(minutes=1)
        for _ in range(450):
            auth.audit.refuse("act.old", "refused")
        auth.audit.flush()
    clock.advance(days=364)
    auth.audit.refuse("act.young", "refused")
    auth.audit.flush()
    auth.upkeep.sweep()
    assert auth.trail.verify().count == 901
    clock.advance(days=1, seconds=1)
    auth.upkeep.sweep()
    assert trail(auth) == [("act.young", "refused")]
    verdict = auth.trail.verify()
    assert (verdict.count, verdict.head.number, verdict.fault) == (1, 901, None)
    clock.advance(days=400)
    auth.upkeep.sweep()
    auth.audit.refuse("act.next", "refused")
    auth.audit.flush()
    verdict = auth.trail.verify()
    assert (verdict.count, verdict.head.number, verdict.fault) == (1, 902, None)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_events SET outcome = 'accepted' WHERE id = 2",
        "DELETE FROM audit_events WHERE id = 2",
        "DELETE FROM audit_events WHERE id = 3",
        "DELETE FROM audit_events",
        "UPDATE audit_marks SET event_id = 2",
        "DELETE FROM audit_marks",
        "UPDATE audit_events SET id = 4 WHERE id = 3",
    ],
)
def test_what_was_tampered_with_is_noticed(app: Flask, auth: Auth, tampering: str) -> None:
    for _ in range(3):
        auth.audit.refuse("act", "refused")
    auth.audit.flush()
    assert auth.trail.verify().fault is None
    rows(app, tampering)
    assert auth.trail.verify().fault is not None


@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM audit_marks",
        "UPDATE audit_marks SET event_id = 1, digest = (SELECT digest FROM audit_events LIMIT 1)",
        "UPDATE audit_marks SET event_id = 0, digest = '', seal = ''",
    ],
)
def test_an_end_that_was_cut_off_stays_noticed_when_more_is_written(
    app: Flask, auth: Auth, tampering: str
) -> None:
    for _ in range(3):
        auth.audit.refuse("act", "refused")
    auth.audit.flush()
    rows(app, "DELETE FROM audit_events WHERE id > 1")
    rows(app, tampering)
    auth.audit.refuse("act", "refused")
    assert trail(auth) == [("act", "refused"), ("audit.head", "lost"), ("act", "refused")]
    assert "missing or forged" in (auth.trail.verify().fault or "")


def test_rows_after_the_newest_stop_the_writing_not_the_asking(app: Flask, auth: Auth) -> None:
    auth.audit.refuse("act", "refused")
    auth.audit.flush()
    rows(app, "INSERT INTO audit_events SELECT 2, at, act, outcome, NULL, NULL, NULL, NULL, digest "
         "FROM audit_events")  # fmt: skip
    auth.audit.refuse("act", "refused")
    with pytest.raises(StorageUnavailable, match="rows after its newest"):
        auth.audit.flush()
