"""A passkey that is right, shown for another account, by a copy, or when it is over meanwhile."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.factors import half_log_in
from tests.stage.passkeys import Made, add, show
from tests.stage.profiles import STRICT, UNLIMITED
from tests.stage.raw import rows
from tests.stage.visits import BOB, log_in, register, visitor
from vestibule.auth.passkeys import Asserted, Passkeys

PURPOSES = ("login", "factor", "proof")
COPIED = 401, "passkey_copied"
WRONG, OVER, NOBODY = (401, "passkey_wrong"), (403, "login_over"), (403, "session_none")
MEANWHILE: dict[str, dict[str, tuple[int, str]]] = {
    "DELETE FROM passkeys": dict.fromkeys(PURPOSES, WRONG),
    "UPDATE passkeys SET public_key = 'another'": dict.fromkeys(PURPOSES, WRONG),
    "UPDATE users SET disabled_at = created_at": dict.fromkeys(PURPOSES, WRONG) | {"factor": OVER},
    "DELETE FROM users": dict.fromkeys(PURPOSES, WRONG) | {"factor": OVER},
    "DELETE FROM sessions": {"proof": NOBODY},
    "DELETE FROM logins": {"factor": OVER},
}


@pytest.fixture
def app(build: Build) -> Flask:
    return build(STRICT, **UNLIMITED)


@pytest.fixture
def alice(app: Flask) -> FlaskClient:
    client = app.test_client()
    register(client)
    log_in(client)
    return client


def ready(app: Flask, purpose: str, alice: FlaskClient) -> FlaskClient:
    """Who may show a passkey of Alice's for this."""
    if purpose == "proof":
        return alice
    client = visitor(app)
    if purpose == "factor":
        half_log_in(client)
    return client


@pytest.mark.parametrize("purpose", ["factor", "proof"])
def test_another_persons_is_none(alice: FlaskClient, app: Flask, purpose: str) -> None:
    """Whatever it says of whose it is: an account of one's own opens nobody else's."""
    bob = visitor(app)
    register(bob, BOB)
    log_in(bob, BOB)
    hers, his = add(alice).passkey, add(bob).passkey
    client = ready(app, purpose, alice)
    before = rows(app, "SELECT digest FROM sessions ORDER BY id")
    for handle in (his.handle, None, hers.handle):
        refuses(show(client, his, purpose, handle=handle), 401, "passkey_wrong")
    assert rows(app, "SELECT digest FROM sessions ORDER BY id") == before
    assert show(client, hers, purpose).status_code == 200
    assert client.get("/profile").get_json() == alice.get("/profile").get_json()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_copy_is_one_for_any_purpose(alice: FlaskClient, app: Flask, purpose: str) -> None:
    passkey = add(alice, counts=True).passkey
    copied = copy.copy(passkey)
    assert show(visitor(app), passkey).status_code == 200
    for count in (0, 1):
        refuses(show(ready(app, purpose, alice), copied, purpose, count=count), *COPIED)
    assert rows(app, "SELECT sign_count FROM passkeys") == [(1,)]
    assert show(ready(app, purpose, alice), passkey, purpose).status_code == 200


@pytest.mark.parametrize(
    ("change", "purpose"), [(each, purpose) for each in MEANWHILE for purpose in MEANWHILE[each]]
)
def test_what_is_over_when_it_was_checked_opens_nothing(
    alice: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch, change: str, purpose: str
) -> None:
    """The signature is looked at before the transaction that acts on it, which looks again."""
    key: Made = add(alice)
    client, checked = ready(app, purpose, alice), Passkeys.asserted
    before = set(rows(app, "SELECT digest FROM sessions"))

    def overtaken(*given: Any, **more: Any) -> Asserted:
        found = checked(*given, **more)
        rows(app, change)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Passkeys, "asserted", overtaken)
        refuses(show(client, key.passkey, purpose), *MEANWHILE[change][purpose])
    assert set(rows(app, "SELECT digest FROM sessions")) <= before, "none was opened or renewed"
    assert rows(app, "SELECT count(*) FROM challenges") == [(1,)], "that of when it was added"
