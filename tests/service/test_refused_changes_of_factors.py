"""A change of factors that is refused mails nobody, and uses up nothing of who may make them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.databases import on_both_databases
from tests.stage.passkeys import Made, SoftPasskey, add, offered
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import log_in, register
from vestibule.auth import own_passkeys

NOBODYS = "/factors/passkeys/0123456789abcdef"


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


def used(app: Flask) -> tuple[Any, Any]:
    """What was used up of all limits, and the mails that are or were on their way."""
    ((hits,),) = rows(app, "SELECT sum(hits) FROM rate_limits")
    ((mails,),) = rows(app, "SELECT count(*) FROM outbox")
    return hits or 0, mails


def made(client: FlaskClient, passkey: SoftPasskey) -> dict[str, Any]:
    """What a browser sends to add this passkey."""
    asked = offered(client)
    return {"ticket": asked["ticket"], "credential": passkey.create(asked["publicKey"])}


@on_both_databases
def test_of_what_is_not_there(alice: FlaskClient, app: Flask) -> None:
    before = used(app)
    for path in ("/factors/otp", NOBODYS):
        refuses(alice.delete(path), 404, "factor_unknown")
    refuses(alice.post("/factors/recovery_codes"), 404, "factor_unknown")
    refuses(alice.put(NOBODYS, data={"name": "x"}), 404, "factor_unknown")
    assert used(app) == before


def test_of_what_is_there_already(
    alice: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(alice, SoftPasskey())
    assert alice.post("/factors/passkeys", json=first).status_code == 200
    key, before = add(alice).passkey, used(app)
    refuses(alice.post("/factors/passkeys", json=made(alice, key)), 409, "passkey_known")
    refuses(alice.post("/factors/passkeys", json=first), 403, "challenge_over")
    another = made(alice, SoftPasskey())
    with monkeypatch.context() as patch:
        patch.setattr(own_passkeys, "MOST", 2)
        refuses(alice.post("/factors/passkeys", json=another), 409, "factors_full")
    assert used(app) == before
    assert alice.post("/factors/passkeys", json=another).status_code == 200
    assert used(app) == (before[0] + 1, before[1] + 1), "what is done counts"


def test_of_what_is_still_needed(alice: FlaskClient, app: Flask) -> None:
    before = used(app)
    refuses(alice.delete("/profile/password"), 409, "passkey_needed")
    assert used(app) == before
    key = add(alice)
    assert alice.delete("/profile/password").status_code == 200
    before = used(app)
    refuses(alice.delete(f"/factors/passkeys/{key.public_id}"), 409, "passkey_needed")
    refuses(alice.delete("/profile/password"), 404, "factor_unknown")
    assert used(app) == before


def test_of_what_an_account_has_to_have(build: Build) -> None:
    app = build(STRICT)
    client = app.test_client()
    register(client)
    log_in(client)
    key: Made = add(client)
    rows(app, "UPDATE users SET administrator = TRUE")
    strict = build(STRICT, factors="administrators")
    owner = strict.test_client()
    owner.set_cookie("session_id", str(getattr(client.get_cookie("session_id"), "value", "")))
    before = used(strict)
    refuses(owner.delete(f"/factors/passkeys/{key.public_id}"), 409, "factor_needed")
    assert used(strict) == before
