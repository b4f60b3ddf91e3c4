"""A database is filled with made-up people whom the service takes for real ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session as Work

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import Databases, on_both_databases, only_postgresql, only_sqlite
from tests.stage.visits import ALICE, front_desk, register, try_login, visitor
from vestibule import config
from vestibule.auth.errors import NotEmpty, StorageUnavailable
from vestibule.auth.seeding import Seed, Seeding
from vestibule.config import Settings
from vestibule.db import DB
from vestibule.db.filling import engine_of
from vestibule.user import Session, User

PASSWORD = "marzipan for everybody"
SIZE = 400
Fill = Callable[..., list[str]]


def nobody_watches(_: int) -> None:
    """Made so many more."""


def last_seen(app: Flask, ids: list[str]) -> set[datetime]:
    """When these sessions were last used, as it is stored after a check of each."""
    for each in ids:
        visitor(app, each).get("/profile")
    sessions = front_desk(app).sessions
    sessions.record_visits()
    found = [sessions.find(each) for each in ids]
    return {each.last_seen_at for each in found if each}


def _failure(soon: Future[list[str]]) -> BaseException | None:
    """What it failed with, or that it has not ended yet."""
    try:
        return soon.exception(timeout=10)
    except TimeoutError as error:
        return error


def users(settings: Settings) -> Sequence[User]:
    """All that there are."""
    with working(settings) as work:
        return work.scalars(select(User)).all()


OBJECT = re.compile(r" at 0x[0-9a-f]+")


def extras(settings: Settings) -> dict[str, list[str]]:
    """Every index and constraint, by table."""
    with working(settings) as work:
        there = inspect(work.connection())
        looks = there.get_indexes, there.get_unique_constraints, there.get_foreign_keys
        return {
            # A condition of an index is an object, which says where it is in memory.
            name: sorted(OBJECT.sub("", str(found)) for look in looks for found in look(name))
            for name in there.get_table_names()
        }


@contextmanager
def working(settings: Settings) -> Iterator[Work]:
    """A look past the service."""
    engine = engine_of(settings.database)
    with Work(engine) as work:
        yield work
    engine.dispose()


@pytest.fixture
def settings(tmp_path: Path, databases: Databases) -> Settings:
    """Those of a service that nobody used yet."""
    data = tmp_path / "data"
    given: Any = {"data": data, **databases.settings(data)}
    made = Settings(**given)
    config.prepare_data(made)
    databases.prepare(made)
    return made


@pytest.fixture
def fill(settings: Settings, clock: MovableClock, hashes: None) -> Fill:
    """Fill its database."""

    def filled(*, done: Callable[[int], object] = nobody_watches, **seed: Any) -> list[str]:
        return Seeding(settings, clock).run(Seed(SIZE, PASSWORD, **seed), done)

    return filled


@on_both_databases
def test_they_log_in_and_others_register_after_them(fill: Fill, build: Build) -> None:
    fill()
    app = build()
    for number in (1, SIZE // 2, SIZE):
        answer = try_login(app.test_client(), f"user{number}@example.com", PASSWORD)
        assert answer.status_code == 200
    register(app.test_client())
    assert try_login(app.test_client()).status_code == 200


@on_both_databases
def test_their_logins_are_a_trail_that_holds(fill: Fill, build: Build) -> None:
    fill()
    app = build()
    register(app.test_client())
    front_desk(app).audit.flush()
    verdict = front_desk(app).trail.verify()
    assert (verdict.count, verdict.fault) == (SIZE + 1, None)


@on_both_databases
def test_the_sessions_that_were_drawn_are_open_for_a_day(
    fill: Fill, build: Build, clock: MovableClock
) -> None:
    drawn = fill(drawn=50)
    assert len(set(drawn)) == 50
    app = build()
    clock.advance(timedelta(hours=23))
    statuses = {visitor(app, each).get("/profile").status_code for each in drawn}
    assert statuses == {200}


def test_what_was_drawn_counts_as_just_used(fill: Fill, build: Build, clock: MovableClock) -> None:
    hour = timedelta(hours=1)
    drawn = fill(drawn=50, in_use=hour)
    app, ends = build(), clock() + hour
    clock.advance(timedelta(minutes=59))
    assert last_seen(app, drawn) == {ends}
    clock.advance(timedelta(minutes=2))
    assert last_seen(app, drawn) == {clock()}


def test_there_are_no_more_to_draw_than_stay_open(fill: Fill) -> None:
    assert SIZE * 0.9 < len(fill(drawn=SIZE)) < SIZE


@on_both_databases
def test_sessions_are_of_all_ages_and_some_people_have_several(
    fill: Fill, settings: Settings, clock: MovableClock
) -> None:
    fill()
    with working(settings) as work:
        sessions, people = work.scalars(select(Session)).all(), work.scalars(select(User)).all()
    assert len(sessions) == len(people) == SIZE
    ages = Counter((clock() - each.created_at).days // 10 for each in sessions)
    assert sorted(ages) == [0, 1, 2]
    assert min(ages.values()) > SIZE // 4
    assert all(each.created_at <= each.last_seen_at <= clock() for each in sessions)
    assert max(Counter(each.user_id for each in sessions).values()) > 2
    assert sum(each.pending for each in people) == SIZE // 100


@on_both_databases
def test_a_database_that_has_people_is_left_alone(
    fill: Fill, settings: Settings, build: Build
) -> None:
    app = build()
    register(app.test_client())
    front_desk(app).upkeep.close()
    with pytest.raises(NotEmpty):
        fill()
    assert [each.email for each in users(settings)] == [ALICE]


@only_postgresql
def test_nobody_waits_because_it_was_tried_where_there_are_people(
    fill: Fill, settings: Settings, build: Build
) -> None:
    register(build().test_client())
    # As a backup does for as long as it takes: who would change the tables waits for its end, and
    # everybody else for who waits.
    with ThreadPoolExecutor(1) as thread, working(settings) as work:
        work.execute(select(User)).all()
        failure = _failure(thread.submit(fill))
        work.rollback()
    assert isinstance(failure, NotEmpty)


@on_both_databases
def test_what_is_interrupted_leaves_nothing(fill: Fill, settings: Settings) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    before = extras(settings)
    with pytest.raises(KeyboardInterrupt):
        fill(done=interrupt)
    assert (list(users(settings)), extras(settings)) == ([], before)
    fill()
    assert len(users(settings)) == SIZE


@on_both_databases
def test_every_index_and_constraint_is_there_again(fill: Fill, settings: Settings) -> None:
    before = extras(settings)
    fill()
    assert extras(settings) == before


@only_sqlite("PostgreSQL lets a service wait")
def test_nobody_else_may_use_the_file_meanwhile(fill: Fill, settings: Settings) -> None:
    db = DB(settings.database)
    assert db.schema()
    with pytest.raises(StorageUnavailable):
        fill()
    db.close()
