"""What an authenticator says of itself may be made up: it costs little, and is refused in words."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.answers import refuses
from tests.stage.databases import on_both_databases
from tests.stage.passkeys import (
    AT,
    UP,
    UV,
    SoftPasskey,
    Tamper,
    add,
    asked,
    b64,
    hand_in,
    offered,
    show,
    unb64,
)
from vestibule.auth import cbor

ED = 0x80
# Of CBOR's tags: something that is named, and a reference to it.
NAMED, AGAIN = b"\xd8\x1c", b"\xd8\x1d"
# Each of so many lists has the one before twice: two to the power of it, written out.
DEEP = 40


def bomb() -> bytes:
    lists = [NAMED + b"\x81\x00"]
    for number in range(DEEP - 1):
        before = AGAIN + cbor2.dumps(number)
        lists.append(NAMED + b"\x82" + before + before)
    return b"\x98" + bytes([DEEP]) + b"".join(lists)


class Strange(SoftPasskey):
    """A passkey whose authenticator writes something else for a key, and more after it."""

    written = b""
    more = b""

    def cose(self) -> bytes:
        """What it is told to write."""
        return (self.written or super().cose()) + self.more


def made(client: FlaskClient, passkey: SoftPasskey, **given: Any) -> TestResponse:
    asked_for = offered(client)
    sent = passkey.create(asked_for["publicKey"], **given)
    return client.post(
        "/factors/passkeys", json={"ticket": asked_for["ticket"], "credential": sent}
    )


def test_references_are_not_followed_in_a_key(alice: FlaskClient) -> None:
    passkey = Strange()
    passkey.written = bomb()
    refuses(made(alice, passkey), 400, "passkey_refused")


def test_nor_in_what_extensions_say(alice: FlaskClient) -> None:
    passkey = Strange()
    passkey.more = bomb()
    refuses(made(alice, passkey, flags=UP | UV | AT | ED), 400, "passkey_refused")


def test_nor_where_a_key_is_longer_than_it_has_to_be(alice: FlaskClient) -> None:
    # Written again it is as much shorter as the bomb is long, which is at its end.
    passkey = Strange()
    hidden = bomb() + bytes(-len(bomb()) % 8)
    long = b"\x98" + bytes([len(hidden) // 8]) + (b"\x1b" + bytes(7) + b"\x01") * (len(hidden) // 8)
    key, last = passkey.cose()[1:], cbor2.dumps(hidden)
    passkey.written = b"\xa7" + key + cbor2.dumps(-9) + long + cbor2.dumps(-10) + last
    refuses(made(alice, passkey, flags=UP | UV | AT | ED), 400, "passkey_refused")


def test_nor_when_a_passkey_is_shown(alice: FlaskClient, app: Flask) -> None:
    key, client = add(alice), app.test_client()

    def more(what: bytes) -> Tamper:
        return lambda data, told, signature: (data + what, told, signature)

    answer = show(client, key.passkey, flags=UP | UV | ED, tamper=more(bomb()))
    refuses(answer, 401, "passkey_wrong")
    wanted = asked(client)
    sent = key.passkey.get(wanted["publicKey"], flags=UP | UV | ED, tamper=more(bomb()))
    plain = sent["response"]["authenticatorData"]
    # Decoders of base64 pass over what is none.
    sent["response"]["authenticatorData"] = plain[:50] + "!" + plain[50:]
    refuses(hand_in(client, wanted["ticket"], sent), 401, "passkey_wrong")


def test_what_extensions_say_is_read(alice: FlaskClient, app: Flask) -> None:
    passkey = Strange()
    passkey.more = cbor2.dumps({"credProtect": 2, "hmac-secret": True, "credBlob": bytes(300)})
    assert made(alice, passkey, flags=UP | UV | AT | ED).status_code == 200
    assert show(app.test_client(), passkey).status_code == 200


@on_both_databases
def test_a_name_is_not_longer_than_there_is_room(alice: FlaskClient) -> None:
    assert made(alice, SoftPasskey(id=b"n" * 1023)).status_code == 200
    refuses(made(alice, SoftPasskey(id=b"n" * 1024)), 400, "passkey_refused")


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


@pytest.mark.parametrize(
    "plain",
    [
        0,
        23,
        24,
        255,
        256,
        65536,
        2**32,
        -1,
        -(2**40),
        "é",
        b"x" * 70000,
        [[], {}],
        {1: [True, None]},
    ],
    ids=repr,
)
def test_the_plainest_form_is_read_to_its_end(plain: object) -> None:
    written = cbor2.dumps(plain)
    cbor.require_plain(written * 2, shortest=True)
    with pytest.raises((ValueError, IndexError)):
        cbor.require_plain(written + b"\xc0", shortest=True)


@pytest.mark.parametrize(
    "strange", ["c000", "d81c00", "9f00ff", "5f4100ff", "f93c00", "fbff", "1c"]
)
def test_other_forms_are_not(strange: str) -> None:
    with pytest.raises(ValueError, match="a tag"):
        cbor.require_plain(bytes.fromhex(strange))


@pytest.mark.parametrize("longer", ["1817", "190017", "1900ff", "1a0000ffff", "1b00000000ffffffff"])
def test_what_could_be_shorter_is_read_where_it_stays_as_it_is(longer: str) -> None:
    cbor.require_plain(bytes.fromhex(longer))
    with pytest.raises(ValueError, match="too many bytes"):
        cbor.require_plain(bytes.fromhex(longer), shortest=True)


def test_a_picture_of_a_key_is_read_in_one_way(alice: FlaskClient) -> None:
    asked_for, passkey = offered(alice), SoftPasskey()
    sent = passkey.create(asked_for["publicKey"])
    told = sent["response"]["attestationObject"]
    assert b64(unb64(told)) == told
    sent["response"]["attestationObject"] = f"{told[:9]}!{told[9:]}"
    answer = alice.post(
        "/factors/passkeys", json={"ticket": asked_for["ticket"], "credential": sent}
    )
    refuses(answer, 400, "passkey_refused")


def test_thousands_of_keys_are_not_compared() -> None:
    cbor.require_plain(cbor2.dumps(dict.fromkeys(range(249))))
    with pytest.raises(ValueError, match="more than"):
        cbor.require_plain(cbor2.dumps(dict.fromkeys(range(250))))
