"""What requests and sweeps say to the database is answered through an index, at any size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Index, inspect
from sqlalchemy.schema import CreateIndex, DropIndex

from tests.conftest import Build
from tests.stage import passkeys
from tests.stage.acts import TOLD, ask_for_bob, follow, links_in_mails
from tests.stage.clock import MovableClock
from tests.stage.databases import Databases, on_both_databases
from tests.stage.everybody import PEOPLE, crowd
from tests.stage.factors import enrol, half_log_in, prove, send
from tests.stage.plans import GROWING, Said, listening, whole_tables
from tests.stage.profiles import STRICT, UNLIMITED
from tests.stage.visits import (
    ALICE,
    BOB,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    register,
    reset_token,
    token_to,
    try_login,
    visitor,
)
from vestibule import config
from vestibule.auth.errors import UnknownEmail
from vestibule.auth.seeding import Seed, Seeding
from vestibule.config import Settings
from vestibule.db.filling import engine_of
from vestibule.user import Row

# Without these a database would read through most of another index, and its plan does not tell:
# through all mails that are no known user's doing, or all tokens of a purpose.
UNTOLD = {
    "sqlite": {"ix_outbox_recipient"},
    # The trail is exported by a cursor of the server's, of which nothing is heard here.
    "postgresql": {"ix_outbox_recipient", "ix_tokens_address_key", "ix_audit_events_at"},
}
LOOKS = [
    *("/", "/profile", "/sessions", "/sessions/verify", "/profile/activity", "/profile/export"),
    *("/readyz", "/reset_password?token={token}", "/verify_email?token={token}"),
    *("/profile/email/confirm?token={token}", "/profile/email/undo?token={token}"),
    *("/factors/disown?token={token}", "/factors/keep?token={token}"),
]


@pytest.fixture
def settings(tmp_path: Path, databases: Databases, clock: MovableClock, hashes: None) -> Settings:
    """Those of a service with a thousand people, none of whom came yet."""
    data = tmp_path / "data"
    given: Any = {"data": data, **databases.settings(data)}
    made = Settings(**given)
    config.prepare_data(made)
    databases.prepare(made)
    Seeding(made, clock).run(Seed(PEOPLE, PASSWORD), lambda _: None)
    return made


@pytest.fixture
def said(settings: Settings, build: Build, clock: MovableClock) -> Said:
    """What the service says to its database while all is asked of it that can be."""
    with listening() as said:
        app = build(STRICT, **UNLIMITED)
        for told in (told for all_ in TOLD.values() for told in all_):
            told.ask(alice(app))
            # Mails of who is gone had the numbers, and so the names, of those that come.
            clock.advance(seconds=1)
        look_around(app)
        change_addresses(app)
        show_factors(app, clock)
        show_passkeys(app)
        lose_factors(app, clock)
        keep_house(app, clock)
        verifying = build(STRICT, require_verified=True)
        front_desk(verifying).upkeep.sweep()
        for each in (app, verifying):
            front_desk(each).upkeep.close()
    return said


def alice(app: Flask) -> FlaskClient:
    """Alice, who has just come for the first time, with a reset token at hand."""
    for email in (ALICE, BOB):
        with suppress(UnknownEmail):
            front_desk(app).operators.remove(email)
    client = app.test_client()
    register(client)
    log_in(client)
    client.environ_base["token"] = reset_token(client)
    return client


def look_around(app: Flask) -> None:
    """Read every page and every answer, by each kind of caller."""
    client = alice(app)
    for path in LOOKS:
        client.get(path.format(token=client.environ_base["token"]))
        visitor(app).get(path.format(token="none"))
        bearer = {"Authorization": "Bearer 00000000-0000-0000-0000-000000000000"}
        visitor(app).get(path.format(token="none"), headers=bearer)


def change_addresses(app: Flask) -> None:
    """Follow links to the end, and back."""
    client = alice(app)
    ask_for_bob(client)
    to_bob, _ = links_in_mails(client)
    follow("/profile/email/confirm", to_bob)(client)
    (undo,) = links_in_mails(client)
    follow("/profile/email/undo", undo)(client)
    links_in_mails(client)


def lose_factors(app: Flask, clock: MovableClock) -> None:
    """Have an operator take them away, and end that; have it done; take one off that is foreign."""
    # So many mails go to an address in a quarter of an hour.
    clock.advance(hours=1)
    client, desk = alice(app), front_desk(app).factors.ways_back
    enrol(client, clock)
    desk.begin(ALICE)
    desk.cancel(ALICE)
    desk.begin(ALICE)
    follow("/factors/keep", token_to(app, ALICE))(client)
    desk.begin(ALICE)
    clock.advance(days=1)
    front_desk(app).upkeep.sweep()
    log_in(client)
    enrol(client, clock)
    follow("/factors/disown", token_to(app, ALICE))(client)


def show_factors(app: Flask, clock: MovableClock) -> None:
    """Add one, log in with it in each way, and take it away."""
    client, other = alice(app), visitor(app)
    phone = enrol(client, clock)
    half_log_in(other)
    other.get("/sessions/factor")
    for code in (*[phone.wrong()] * 5, phone.code(steps=1)):
        send(other, code)
    half_log_in(other)
    half_log_in(other)
    send(other, phone.recovery_codes[0])
    prove(other, phone.code(steps=1))
    half_log_in(client)
    client.delete("/sessions")
    other.get("/profile/export")
    for path in ("/factors", "/sessions/factor"):
        other.get(path)
    other.post("/factors/recovery_codes")
    other.delete("/factors/otp")


def show_passkeys(app: Flask) -> None:
    """The same with a passkey, alone and besides, until it is all there is."""
    client, other = alice(app), visitor(app)
    made = passkeys.add(client)
    passkeys.show(other, made.passkey)
    passkeys.show(other, made.passkey, "proof")
    half_log_in(client)
    passkeys.show(client, made.passkey, "factor")
    client.put(f"/factors/passkeys/{made.public_id}", data={"name": "the blue telephone"})
    client.delete("/profile/password")
    client.delete(f"/factors/passkeys/{made.public_id}")


def keep_house(app: Flask, clock: MovableClock) -> None:
    """Do what the background threads do, when there is much of it and when there is little."""
    desk, client = front_desk(app), alice(app)
    try_login(client, ALICE, WRONG)
    for pause in (0, 1, 8, 31, 400):
        clock.advance(days=pause)
        desk.audit.flush()
        desk.registrations.send_reminders()
        desk.outbox.deliver_due()
        desk.upkeep.sweep()
        desk.sessions.record_visits()
        if pause <= 1:
            clock.advance(minutes=2)
            client.get("/profile")
    list(desk.operators.entries())
    list(desk.trail.export(since=clock(), until=clock()))


@on_both_databases
def test_every_statement_goes_through_an_index_and_each_index_serves_one(
    said: Said, settings: Settings, clock: MovableClock
) -> None:
    assert len(said) > 60
    with looking(settings) as connection:
        crowd(connection, clock)
        assert whole_tables(connection, said) == {}
        indexes = {index for table in Row.metadata.sorted_tables for index in table.indexes}
        assert {index.name for index in indexes if is_idle(index, connection, said)} <= UNTOLD[
            connection.dialect.name
        ]


def is_idle(index: Index, connection: Connection, said: Said) -> bool:
    """Whether nothing would change without it."""
    connection.execute(DropIndex(index))
    found = whole_tables(connection, said)
    connection.execute(CreateIndex(index))
    return not found


@on_both_databases
def test_what_goes_with_an_account_is_found_by_its_number(settings: Settings) -> None:
    """No plan tells how rows are found that refer to one that goes."""
    with looking(settings) as connection:
        there = inspect(connection)
        for table in GROWING:
            firsts = {each["column_names"][0] for each in there.get_indexes(table)}
            firsts |= {each["column_names"][0] for each in there.get_unique_constraints(table)}
            firsts |= {there.get_pk_constraint(table)["constrained_columns"][0]}
            referring = {each["constrained_columns"][0] for each in there.get_foreign_keys(table)}
            assert referring <= firsts


@contextmanager
def looking(settings: Settings) -> Iterator[Connection]:
    """A transaction past the service, of which nothing stays."""
    engine = engine_of(settings.database)
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()
