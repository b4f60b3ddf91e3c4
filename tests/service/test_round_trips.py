"""How often PostgreSQL is asked for one request, counted on the wire: each time costs a journey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import Databases, only_postgresql
from tests.stage.postgresql import cluster
from tests.stage.visits import (
    NEW_PASSWORD,
    WRONG,
    ask_for_reset,
    front_desk,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
)
from tests.stage.wire import Wire, wire

pytestmark = only_postgresql

# Each time, once a connection knows the statements; not more, and better fewer.
MOST = {
    "register": 11,
    "log in": 14,
    "log in wrongly": 5,
    "log in again": 16,
    "ask for a reset": 10,
    "reset": 16,
    "log out": 6,
}
# psycopg prepares what it was asked for the sixth time.
TURNS = 7

Ask = Callable[[int], object]


@pytest.fixture
def way(database: str) -> Iterator[Wire]:
    """The way to the database, on which everything is counted."""
    with wire(cluster().folder) as way:
        yield way


@pytest.fixture
def by_the_wire(
    way: Wire, build: Build, databases: Databases, tmp_path: Path
) -> Callable[..., FlaskClient]:
    """A visitor of an application that reaches its database by ``way``."""
    url = databases.settings(tmp_path / "data")["database_url"]
    return lambda **settings: build(database_url=way.through(url), **settings).test_client()


def asked(way: Wire, ask: Callable[[], object]) -> list[list[str]]:
    """What one call asks of the database, in each round trip."""
    way.forget()
    ask()
    return list(way.trips)


def test_a_check_is_one_round_trip_that_names_a_prepared_statement(
    by_the_wire: Callable[..., FlaskClient], way: Wire
) -> None:
    client = by_the_wire()
    register(client)
    log_in(client)
    client.get("/profile")  # It connects.
    for path in ("/profile", "/sessions/verify"):
        first, *others = (asked(way, lambda: client.get(path)) for _ in range(5))  # noqa: B023
        assert [len(trips) for trips in (first, *others)] == [1] * 5
        assert all(trips == first for trips in others)
        assert first[0][0].startswith("B _pg3_"), "run by its name, and nothing but run"
        assert way.connections == 0


def test_a_check_that_is_refused_costs_two_at_most(
    by_the_wire: Callable[..., FlaskClient], way: Wire
) -> None:
    client = by_the_wire()
    client.set_cookie("session_id", "00000000-0000-0000-0000-000000000000")
    client.get("/profile")
    # Flask's view looks once more before it says no.
    assert len(asked(way, lambda: client.get("/profile"))) <= 2
    client.delete_cookie("session_id")
    assert asked(way, lambda: client.get("/profile")) == [], "there is nothing to ask for"


def test_where_nothing_may_be_prepared_a_check_is_one_round_trip_too(
    by_the_wire: Callable[..., FlaskClient], way: Wire
) -> None:
    client = by_the_wire(database_prepare=False)
    register(client)
    log_in(client)
    client.get("/profile")  # It connects.
    for _ in range(TURNS):
        ((parsed, run),) = asked(way, lambda: client.get("/profile"))
        assert parsed.startswith("P SELECT sessions.id"), "told in full each time"
        assert run == "B ", "without a name that another connection would not know"


def test_what_changes_something_is_asked_in_few_round_trips(
    by_the_wire: Callable[..., FlaskClient], way: Wire
) -> None:
    client = by_the_wire(registrations_per_origin=0, mails_per_origin=0)
    visitors = [client.application.test_client() for _ in range(TURNS)]
    emails = [f"{number}@example.com" for number in range(TURNS)]
    tokens: list[str] = []

    def steady(ask: Ask) -> int:
        """The round trips of the last of several turns: by then all is prepared."""
        return [len(asked(way, lambda: ask(n))) for n in range(TURNS)][-1]  # noqa: B023

    found = {
        "register": steady(lambda n: register(client, emails[n])),
        "log in": steady(lambda n: log_in(visitors[n], emails[n])),
        "log in wrongly": steady(lambda n: try_login(visitors[n], emails[n], WRONG)),
        "log in again": steady(lambda n: log_in(visitors[n], emails[n])),
        "ask for a reset": steady(lambda n: ask_for_reset(visitors[n], emails[n])),
    }
    tokens += [reset_token(visitors[n], emails[n]) for n in range(TURNS)]
    found["reset"] = steady(lambda n: set_password(client, tokens[n], email=emails[n]))
    for visitor, email in zip(visitors, emails, strict=True):
        log_in(visitor, email, NEW_PASSWORD)
    found["log out"] = steady(lambda n: visitors[n].delete("/sessions"))
    assert {name: trips for name, trips in found.items() if trips > MOST[name]} == {}


def test_a_transaction_begins_with_its_first_statement_and_forgets_nothing(
    by_the_wire: Callable[..., FlaskClient], way: Wire
) -> None:
    client = by_the_wire()
    for _ in range(TURNS):
        asked(way, lambda: client.get("/readyz"))
    begin, limits, look = way.trips[0]
    assert way.trips[1:] == [["Q COMMIT"]], "psycopg forgets what it prepared at a ROLLBACK"
    assert {word[:7] for word in (begin, limits, look)} == {"B _pg3_"}


def test_visits_of_many_are_noted_in_as_few_round_trips_as_of_one(
    by_the_wire: Callable[..., FlaskClient], way: Wire, clock: MovableClock
) -> None:
    app = by_the_wire().application
    register(app.test_client())
    found = []
    for visitors in (1, 10):
        clients = [app.test_client() for _ in range(visitors)]
        for client in clients:
            log_in(client)
        clock.advance(minutes=5)
        for client in clients:
            assert client.get("/profile").status_code == 200
        found.append(len(asked(way, front_desk(app).sessions.record_visits)))
    assert found[1] <= found[0] <= 4
