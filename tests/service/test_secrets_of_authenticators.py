"""The secret of an authenticator: sealed where it is stored, and in nobody's export."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.factors import Authenticator, enrol, half_log_in, send
from tests.stage.profiles import STRICT
from tests.stage.raw import everything, rows
from tests.stage.visits import BOB, front_desk, log_in, register, visitor


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


def tried(app: Flask, code: str) -> int:
    """What a fresh login and this code are answered."""
    client = app.test_client()
    half_log_in(client)
    return send(client, code).status_code


def test_what_is_stored_makes_no_code(alice: FlaskClient, phone: Authenticator) -> None:
    data = front_desk(alice.application).outbox.folder.parent
    assert phone.secret.encode() not in everything(data)
    ((sealed,),) = rows(alice.application, "SELECT sealed FROM totp")
    assert len(sealed) < 250


def test_a_stored_secret_of_somebody_else_makes_no_code(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    """It is sealed for its user: whoever writes to the database cannot plant their own."""
    bob = app.test_client()
    register(bob, BOB)
    log_in(bob, BOB)
    bobs = enrol(bob, clock)
    rows(app, "UPDATE totp SET sealed = (SELECT max(sealed) FROM totp WHERE user_id = 2)")
    assert tried(app, bobs.code(steps=1)) == 401


def test_after_a_rotation_a_code_seals_the_secret_by_the_new_key(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    ((before,),) = rows(app, "SELECT sealed FROM totp")
    front_desk(app).keys.rotate()
    newest = front_desk(app).keys.fingerprints()[0]
    assert tried(app, phone.code()) == 200
    ((after,),) = rows(app, "SELECT sealed FROM totp")
    assert not before.startswith(newest)
    assert after.startswith(newest)
    clock.advance(seconds=30)
    assert tried(app, phone.code()) == 200


def test_without_its_key_a_code_is_refused_and_a_recovery_code_is_not(
    alice: FlaskClient, phone: Authenticator, build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    (alice.application.extensions["vestibule"].keys.file.path).unlink()
    app = build(STRICT)
    assert tried(app, phone.code()) == 401
    assert '"factor.unreadable"' in capsys.readouterr().err
    assert tried(app, phone.recovery_codes[0]) == 200


def test_an_account_that_goes_takes_it_along(alice: FlaskClient, phone: Authenticator) -> None:
    half_log_in(visitor(alice.application))
    assert alice.delete("/profile").status_code == 200
    for table in ("totp", "recovery_codes", "logins"):
        assert rows(alice.application, f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608


def test_it_is_exported_without_what_opens_anything(
    alice: FlaskClient, phone: Authenticator
) -> None:
    half = half_log_in(visitor(alice.application))
    answer = alice.get("/profile/export")
    body = answer.get_json()
    assert body["factors"] == {
        "otp": {"created_at": "2026-03-14T15:09:26+00:00"},
        "passkeys": [],
        "recovery_codes": 10,
    }
    assert body["logins"] == [{"expires_at": "2026-03-14T15:20:26+00:00"}]
    assert body["sessions"][0]["amr"] == ["mfa", "otp", "pwd"]
    for secret in (phone.secret, half, *phone.recovery_codes):
        assert secret not in answer.text
    found = rows(
        alice.application,
        "SELECT digest FROM recovery_codes UNION SELECT sealed FROM totp"
        " UNION SELECT digest FROM logins UNION SELECT bound FROM logins",
    )
    assert len(found) == 13
    assert [secret for (secret,) in found if secret in answer.text] == []
