"""Rows of a thousand people in tables that only have some for a while."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from tests.stage.clock import MovableClock
from vestibule.user import Row

PEOPLE = 1000


def crowd(connection: Connection, clock: MovableClock) -> None:
    """Fill the tables that only have rows for a while: a short one is soon read as a whole."""
    many, now = range(1, PEOPLE * 9 // 10), clock()
    mail = {
        "template": "reset",
        "created_at": now,
        "due_at": now,
        "expires_at": now,
        "done_at": now,
        "attempts": 1,
        "dead": False,
    }
    tables = Row.metadata.tables
    connection.execute(
        tables["outbox"].insert(),
        [{"recipient": f"user{each}@example.com", **mail} for each in many],
    )
    limit = {"hits": 1, "expires_at": now}
    connection.execute(
        tables["rate_limits"].insert(), [{"key": f"made up {each}", **limit} for each in many]
    )
    token = {"purpose": "change", "expires_at": now}
    connection.execute(
        tables["tokens"].insert(),
        [
            {"digest": f"{each}", "user_id": each, "address_key": f"{each}", **token}
            for each in many
        ],
    )
    session = {"created_at": now, "last_seen_at": now, "expires_at": now}
    connection.execute(
        tables["sessions"].insert(),
        [{"id": each, "digest": f"{each}", "user_id": each, **session} for each in many],
    )
    crowd_of_factors(connection, now)
    crowd_of_passkeys(connection, now)
    event = {"at": now, "act": "login", "outcome": "accepted", "digest": ""}
    acts = [{"id": 10_000 + each, "user": f"{each}", **event} for each in many]
    connection.execute(tables["audit_events"].insert(), acts)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")


def crowd_of_factors(connection: Connection, now: datetime) -> None:
    """Fill the tables of second factors."""
    many, tables = range(1, PEOPLE * 9 // 10), Row.metadata.tables
    half = {"bound": "", "expires_at": now, "owes": "factor"}
    connection.execute(
        tables["logins"].insert(),
        [{"digest": f"{each}", "user_id": each, **half} for each in many],
    )
    connection.execute(
        tables["recovery_codes"].insert(),
        [{"digest": f"{each}", "user_id": each} for each in many],
    )
    made = {"sealed": "", "last_step": 0, "created_at": now}
    connection.execute(tables["totp"].insert(), [{"user_id": each, **made} for each in many])


def crowd_of_passkeys(connection: Connection, now: datetime) -> None:
    """Fill the tables of passkeys."""
    many, tables = range(1, PEOPLE * 9 // 10), Row.metadata.tables
    texts = dict.fromkeys(("credential", "public_key", "name", "transports"), "")
    made = {"sign_count": 0, "backed_up": False, "created_at": now, **texts}
    connection.execute(
        tables["passkeys"].insert(),
        [{"digest": f"{each}", "user_id": each, **made} for each in many],
    )
    connection.execute(
        tables["challenges"].insert(), [{"digest": f"{each}", "expires_at": now} for each in many]
    )
