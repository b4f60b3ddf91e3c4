"""What is not signed for here, now, by the right passkey opens nothing, and is never a 500."""

from __future__ import annotations

import copy
import secrets
import struct
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.databases import on_both_databases
from tests.stage.passkeys import (
    AT,
    BS,
    UP,
    UV,
    Made,
    Sent,
    SoftPasskey,
    add,
    asked,
    b64,
    hand_in,
    key_pair,
    offered,
    show,
)
from tests.stage.profiles import STRICT, UNLIMITED
from tests.stage.raw import rows
from tests.stage.visits import BOB, front_desk, log_in, mail_to, register, visitor

# Members of what an authenticator or a browser says, and what they say instead.
FORGED: dict[str, Sent] = {
    "another origin": {"origin": "https://evil.example"},
    "another port": {"origin": "http://localhost:5001"},
    "https": {"origin": "https://localhost:5000"},
    "a path in it": {"origin": "http://localhost:5000/"},
    "another domain": {"rp": "evil.example"},
    "a domain above": {"rp": "host"},
    "another challenge": {"challenge": b64(bytes(32))},
    "no challenge": {"challenge": ""},
    "in a frame": {"crossOrigin": True},
    "in a frame of": {"topOrigin": "https://evil.example"},
}
SHOWN = FORGED | {
    "the wrong ceremony": {"type": "webauthn.create"},
    "nobody there": {"flags": UV},
    "nobody known": {"flags": UP},
    "backed up, and cannot be": {"flags": UP | UV | BS},
    "another key": {"key": key_pair()},
    "no word of whose it is": {"handle": None},
    "somebody else's, it says": {"handle": b64(bytes(16))},
    "another name": {"raw_id": secrets.token_bytes(32)},
    "no name": {"raw_id": b""},
    "a byte of its own changed": {"tamper": lambda d, c, s: (d[:-1] + b"\x01", c, s)},
    "a byte of the browser's changed": {"tamper": lambda d, c, s: (d, c + b" ", s)},
    "a byte of the signature changed": {"tamper": lambda d, c, s: (d, c, s[:-1] + b"\x00")},
    "no signature": {"tamper": lambda d, c, _: (d, c, b"")},
    "more after it": {"tamper": lambda d, c, s: (d + b"\x00", c, s)},
}
MADE = FORGED | {
    "the wrong ceremony": {"type": "webauthn.get"},
    "nobody there": {"flags": UV | AT},
    "nobody known": {"flags": UP | AT},
    "no key": {"flags": UP | UV},
    "another name": {"raw_id": secrets.token_bytes(32)},
}


@pytest.fixture
def strict(build: Build) -> FlaskClient:
    """Where one may fail as often as a test needs."""
    return build(STRICT, **UNLIMITED).test_client()


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


@pytest.mark.parametrize("how", SHOWN)
def test_a_forged_one_opens_nothing(app: Flask, key: Made, how: str) -> None:
    client, before = app.test_client(), rows(app, "SELECT * FROM passkeys")
    refuses(show(client, key.passkey, **SHOWN[how]), 401, "passkey_wrong")
    assert client.get_cookie("session_id") is None
    assert rows(app, "SELECT * FROM passkeys") == before
    assert rows(app, "SELECT * FROM challenges WHERE expires_at = 0") == []
    assert show(client, key.passkey).status_code == 200


@pytest.mark.parametrize("how", MADE)
def test_a_forged_one_is_not_added(alice: FlaskClient, app: Flask, how: str) -> None:
    wanted = offered(alice)
    made = SoftPasskey().create(wanted["publicKey"], **MADE[how])
    sent = {"ticket": wanted["ticket"], "credential": made}
    refuses(alice.post("/factors/passkeys", json=sent), 400, "passkey_refused")
    assert rows(app, "SELECT count(*) FROM passkeys") == [(0,)]


def test_a_key_for_what_was_not_asked_for_is_not_added(alice: FlaskClient, app: Flask) -> None:
    passkey, wanted = SoftPasskey(), offered(alice)
    cose = cbor2.loads(passkey.cose())
    # ES512, and an algorithm that nobody knows.
    for algorithm in (-36, -99999):
        passkey.cose = lambda alg=algorithm: cbor2.dumps(cose | {3: alg})  # type: ignore[method-assign, misc]
        sent = {"ticket": wanted["ticket"], "credential": passkey.create(wanted["publicKey"])}
        refuses(alice.post("/factors/passkeys", json=sent), 400, "passkey_refused")


def test_a_name_that_is_spelled_in_two_ways_is_none(app: Flask, key: Made) -> None:
    client = app.test_client()
    wanted = asked(client)
    shown = key.passkey.get(wanted["publicKey"])
    other = shown | {"rawId": b64(b"other")}
    refuses(hand_in(client, wanted["ticket"], other), 401, "passkey_wrong")
    for spelled in (shown["id"] + "=", shown["id"] + "\n", " " + shown["id"]):
        answer = hand_in(client, wanted["ticket"], shown | {"id": spelled, "rawId": spelled})
        refuses(answer, 401, "passkey_wrong")


def test_one_is_nobody_elses_by_another_name(app: Flask, key: Made) -> None:
    """Bob's passkey under the name of Alice's, and hers with his word of whose it is."""
    bob = visitor(app)
    register(bob, BOB)
    log_in(bob, BOB)
    bobs, client = add(bob), app.test_client()
    refuses(show(client, bobs.passkey, raw_id=key.passkey.id), 401, "passkey_wrong")
    refuses(show(client, key.passkey, raw_id=bobs.passkey.id), 401, "passkey_wrong")
    refuses(show(client, key.passkey, handle=bobs.passkey.handle), 401, "passkey_wrong")


@on_both_databases
def test_a_count_that_falls_behind_betrays_a_copy(alice: FlaskClient, app: Flask) -> None:
    passkey, client = add(alice, counts=True).passkey, app.test_client()
    assert show(client, passkey).status_code == 200
    copied = copy.copy(passkey)
    assert show(client, passkey).status_code == 200
    for count in (copied.count, copied.count + 1, 0):
        refuses(show(visitor(app), copied, count=count), 401, "passkey_copied")
    assert show(visitor(app), passkey).status_code == 200
    assert "copied" in mail_to(app, "alice@example.com")
    front_desk(app).audit.flush()
    found = rows(app, "SELECT act FROM audit_events WHERE outcome = 'passkey_copied'")
    assert found == [("login.passkey",)] * 3


def test_one_that_never_counts_is_used_again_and_again(app: Flask, key: Made) -> None:
    for _ in range(3):
        assert show(app.test_client(), key.passkey).status_code == 200


def test_an_unverified_address_is_not_let_in_where_it_has_to_be(
    app: Flask, key: Made, build: Build
) -> None:
    asking = build(STRICT, require_verified=True)
    refuses(show(asking.test_client(), key.passkey), 401, "email_unverified")
    rows(app, "UPDATE users SET verified_at = 1")
    assert show(asking.test_client(), key.passkey).status_code == 200


def test_a_disabled_account_is_not_let_in(app: Flask, key: Made) -> None:
    rows(app, "UPDATE users SET disabled_at = 1")
    refuses(show(app.test_client(), key.passkey), 401, "passkey_wrong")


# What nothing depends on.
UNREAD = ("clientExtensionResults", "transports")
# What could stand in any field.
ODD: list[Any] = [None, 1, True, [], {}, "", "x", "é", "A" * 20_000, "=", "!!", b64(b"\xff" * 40)]
ODD += [b64(b"[" * 9000), b64(b"{}"), b64(b"null"), b64(b'{"type":1}'), b64(b"\xbf" * 100)]
ODD += [b64(b'{"type":"webauthn.get","challenge":1,"origin":"x"}'), b64(b"\x9f" * 5000)]
ODD += [b64(b"\x5b\x7f" + b"\xff" * 7), b64(b"\x9b\x00\x00\x00\x10" + b"\x00" * 4)]
ODD += [b64(b"\xdb" + b"\xff" * 8 + b"\x00"), b64(cbor2.dumps(1)), b64(bytes(37))]


def attestations() -> Iterator[str]:
    """What an authenticator could say of a new key, and none would."""
    soft = SoftPasskey()
    flags = UP | UV | AT
    head = soft.data(flags, "localhost", 0)
    short = head + bytes(16) + struct.pack(">H", 65535)
    point = head + bytes(16) + b"\x00\x01a" + cbor2.dumps({1: 2, 3: -7})
    whole = head + bytes(16) + b"\x00\x01a" + soft.cose()
    for data in (head, short, point, whole, soft.data(flags | 0x80, "localhost", 0)):
        for said in ({}, {"ver": "2.0"}, {"alg": -7, "sig": b"", "x5c": [b"x"]}):
            for kind in ("none", "packed", "tpm", "android-key", "apple", "fido-u2f", "x"):
                yield b64(cbor2.dumps({"fmt": kind, "attStmt": said, "authData": data}))


def places(sent: Sent, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Each field, and each field in a field."""
    for name, value in sent.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from places(value, (*above, name))


def changed(sent: Sent, place: tuple[str, ...], value: Any) -> Sent:
    made: Sent = copy.deepcopy(sent)
    inner = made
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return made


def without(sent: Sent, place: tuple[str, ...]) -> Sent:
    made: Sent = copy.deepcopy(sent)
    inner = made
    for name in place[:-1]:
        inner = inner[name]
    del inner[place[-1]]
    return made


def in_every_odd_way(sent: Sent) -> list[Sent]:
    """The same with each field that counts missing, or something else."""
    found = [place for place in places(sent) if place[-1] not in UNREAD]
    odd = [changed(sent, place, odd) for place in found for odd in ODD]
    return odd + [without(sent, place) for place in found]


def test_nothing_that_is_shown_is_a_failure_of_the_service(app: Flask, key: Made) -> None:
    client = app.test_client()
    wanted = asked(client)
    shown = key.passkey.get(wanted["publicKey"])
    tried = in_every_odd_way(shown)
    for each in tried:
        answer = hand_in(client, wanted["ticket"], each)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "passkey_wrong"), each
    assert len(tried) > 150
    assert hand_in(client, wanted["ticket"], shown).status_code == 200, "it was right"


def test_nothing_that_is_made_is_a_failure_of_the_service(alice: FlaskClient, app: Flask) -> None:
    wanted = offered(alice)
    made = SoftPasskey().create(wanted["publicKey"])
    where = ("response", "attestationObject")
    tried = in_every_odd_way(made) + [changed(made, where, odd) for odd in attestations()]
    for each in tried:
        sent = {"ticket": wanted["ticket"], "credential": each}
        answer = alice.post("/factors/passkeys", json=sent)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "passkey_refused"), each
    assert rows(app, "SELECT count(*) FROM passkeys") == [(0,)]
    sent = {"ticket": wanted["ticket"], "credential": made}
    assert alice.post("/factors/passkeys", json=sent).status_code == 200, "it was right"


@pytest.mark.parametrize("credential", [None, [], "x", 1, True])
def test_what_is_no_object_is_refused_in_words(alice: FlaskClient, credential: Any) -> None:
    for path in ("/sessions/passkey", "/factors/passkeys"):
        answer = alice.post(path, json={"ticket": "x", "credential": credential})
        refuses(answer, 400, "field_invalid")
        assert answer.get_json()["detail"] == "credential is not an object."
