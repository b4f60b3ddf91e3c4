"""What is stored about somebody is theirs to take along, but for secrets and hashes."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.stage.answers import refuses
from tests.stage.raw import rows
from tests.stage.visits import ALICE, BOB, log_in, register, reset_token, visitor
from vestibule.user import Row

THEN = "2026-03-14T15:09:26+00:00"


@pytest.fixture
def alice(strict: FlaskClient) -> FlaskClient:
    """Alice, logged in; Bob is too, and asked for a reset."""
    bob = visitor(strict.application)
    register(bob, BOB)
    log_in(bob, BOB)
    reset_token(bob, BOB)
    register(strict)
    log_in(strict)
    return strict


def test_it_holds_the_account_sessions_links_and_mails(alice: FlaskClient) -> None:
    reset_token(alice)
    body = alice.get("/profile/export").get_json()
    assert body["account"]["email"] == ALICE
    assert body["account"]["created_at"] == THEN
    assert body["account"]["verified_at"] is None
    (session,) = body["sessions"]
    assert session["created_at"] == session["last_seen_at"] == THEN
    assert session["address"] == "127.0.0.1"
    assert body["tokens"] == [
        {"purpose": "reset", "expires_at": "2026-03-14T15:39:26+00:00", "address": None}
    ]
    assert body["mails"] == [
        {"kind": "reset", "queued_at": THEN, "recipient": ALICE, "about": None}
    ]


def test_it_holds_no_secret_and_no_digest_or_hash_of_one(alice: FlaskClient) -> None:
    reset_token(alice)
    text = alice.get("/profile/export").text
    cookie = alice.get_cookie("session_id")
    assert cookie
    assert cookie.value not in text
    secrets = rows(
        alice.application,
        "SELECT hashed_password FROM users UNION SELECT digest FROM sessions"
        " UNION SELECT digest FROM tokens",
    )
    assert len(secrets) == 6
    assert [secret for (secret,) in secrets if secret in text] == []
    assert not re.search(r"[0-9a-f]{64}|argon2|[0-9a-f]{8}-[0-9a-f]{4}-", text)


def test_it_holds_nothing_of_others(alice: FlaskClient) -> None:
    assert BOB not in alice.get("/profile/export").text


def test_every_column_is_in_it_or_left_out_on_purpose(alice: FlaskClient) -> None:
    reset_token(alice)
    body = alice.get("/profile/export").get_json()
    left_out = {
        # Numbers of rows, what others are told apart by, what would open something.
        "users": {"id", "email_key", "hashed_password"}
        # What the tables of the factors say.
        | {"factors"}
        # What operators did, and what the service does of itself.
        | {"disabled_at", "pending_until"},
        "sessions": {"id", "user_id", "digest"},
        "tokens": {"user_id", "digest", "address_key"},
    }
    shown = {
        "users": set(body["account"]),
        "sessions": set(body["sessions"][0]) - {"device"},
        "tokens": set(body["tokens"][0]),
    }
    for table, columns in shown.items():
        stored = set(Row.metadata.tables[table].columns.keys())
        assert stored - left_out[table] == columns


def test_nobody_is_refused(strict: FlaskClient) -> None:
    refuses(strict.get("/profile/export"), 403, "session_none")
