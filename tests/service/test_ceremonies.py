"""A challenge is answered once, in time, by whom it was handed to, for what it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import get_args

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.crowd import at_once
from tests.stage.databases import on_both_databases
from tests.stage.factors import half_log_in
from tests.stage.passkeys import Made, Sent, SoftPasskey, add, asked, b64, hand_in, offered, show
from tests.stage.profiles import STRICT, UNLIMITED
from tests.stage.raw import rows
from tests.stage.visits import ALICE, front_desk, log_in, mail_to, register, visitor
from vestibule.auth.ceremonies import Purpose
from vestibule.auth.errors import ChallengeOver

AT_ONCE = 6
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
Ask = Callable[[FlaskClient], Sent]


@pytest.fixture
def strict(build: Build) -> FlaskClient:
    """Where one may fail as often as a test needs."""
    return build(STRICT, **UNLIMITED).test_client()


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


def test_two_are_never_the_same_and_nothing_is_stored(app: Flask) -> None:
    client = app.test_client()
    found = {asked(client)["publicKey"]["challenge"] for _ in range(3)}
    assert {len(each) for each in found} == {43}, "32 bytes"
    assert len(found) == 3
    assert rows(app, "SELECT count(*) FROM challenges") == [(0,)]


def test_who_asks_is_not_told_whose_passkeys_there_are(app: Flask, key: Made) -> None:
    client = app.test_client()
    assert asked(client)["publicKey"]["allowCredentials"] == []
    refuses(
        client.post("/sessions/passkey/challenge", json={"purpose": "factor"}), 403, "login_over"
    )
    refuses(
        client.post("/sessions/passkey/challenge", json={"purpose": "proof"}), 403, "session_none"
    )
    for other in ("add", "", "x", None, 1):
        answer = client.post("/sessions/passkey/challenge", json={"purpose": other})
        refuses(answer, 400, "field_invalid")


@on_both_databases
def test_an_answer_counts_once(app: Flask, key: Made) -> None:
    client = app.test_client()
    wanted = asked(client)
    shown = key.passkey.get(wanted["publicKey"])
    assert hand_in(client, wanted["ticket"], shown).status_code == 200
    refuses(hand_in(client, wanted["ticket"], shown), 403, "challenge_over")
    again = key.passkey.get(wanted["publicKey"])
    refuses(hand_in(client, wanted["ticket"], again), 403, "challenge_over")


def test_a_passkey_is_added_once(alice: FlaskClient, app: Flask) -> None:
    wanted = offered(alice)
    for passkey, status in ((SoftPasskey(), 200), (SoftPasskey(), 403)):
        made = passkey.create(wanted["publicKey"])
        sent = {"ticket": wanted["ticket"], "credential": made}
        assert alice.post("/factors/passkeys", json=sent).status_code == status
    assert rows(app, "SELECT count(*) FROM passkeys") == [(1,)]


def test_it_lasts_five_minutes(app: Flask, key: Made, clock: MovableClock) -> None:
    client = app.test_client()
    wanted = asked(client)
    assert wanted["publicKey"]["timeout"] == 300_000
    shown = key.passkey.get(wanted["publicKey"])
    clock.advance(minutes=5)
    refuses(hand_in(client, wanted["ticket"], shown), 403, "challenge_over")


def test_it_is_for_the_browser_that_asked(app: Flask, key: Made) -> None:
    wanted = asked(app.test_client())
    shown = key.passkey.get(wanted["publicKey"])
    refuses(hand_in(app.test_client(), wanted["ticket"], shown), 403, "challenge_over")
    other = app.test_client()
    asked(other)
    refuses(hand_in(other, wanted["ticket"], shown), 403, "challenge_over")


def test_two_tabs_are_one_browser(app: Flask, key: Made) -> None:
    client = app.test_client()
    first, second = asked(client), asked(client)
    for wanted in (first, second):
        shown = key.passkey.get(wanted["publicKey"])
        assert hand_in(client, wanted["ticket"], shown).status_code == 200


def test_it_is_for_one_session_and_one_login(alice: FlaskClient, app: Flask, key: Made) -> None:
    other, half, second = visitor(app), visitor(app), visitor(app)
    assert show(other, key.passkey).status_code == 200
    half_log_in(half)
    half_log_in(second)
    for purpose, mine, theirs in (("proof", alice, other), ("factor", half, second)):
        wanted = asked(mine, purpose)
        shown = key.passkey.get(wanted["publicKey"])
        refuses(hand_in(theirs, wanted["ticket"], shown), 403, "challenge_over")
        assert hand_in(mine, wanted["ticket"], shown).status_code == 200, purpose


def test_purposes_do_not_mix(alice: FlaskClient, app: Flask, key: Made) -> None:
    """What one route hands out, for one purpose, is nothing to the others."""
    adding, proving = offered(alice), asked(alice, "proof")
    shown = key.passkey.get(adding["publicKey"])
    refuses(hand_in(alice, adding["ticket"], shown), 403, "challenge_over")
    challenge = {"challenge": proving["publicKey"]["challenge"]}
    made = SoftPasskey().create(offered(alice)["publicKey"] | challenge)
    sent = {"ticket": proving["ticket"], "credential": made}
    refuses(alice.post("/factors/passkeys", json=sent), 403, "challenge_over")
    shown = key.passkey.get(proving["publicKey"])
    secret = alice.post("/factors/otp").get_json()["ticket"]
    refuses(hand_in(alice, secret, shown), 403, "challenge_over")
    form = {"ticket": proving["ticket"], "code": "123456"}
    refuses(alice.put("/factors/otp", data=form), 403, "challenge_over")


def test_a_ticket_is_for_its_purpose_and_its_holder_alone(app: Flask) -> None:
    """Whatever routes there are, and whatever secret somebody puts into which cookie."""
    ceremonies = front_desk(app).factors.ceremonies
    for meant, holder in product(PURPOSES, ("mine", "")):
        ticket = ceremonies.begin(meant, holder).ticket
        for purpose, who in product(PURPOSES, ("mine", "theirs", "", None)):
            if (purpose, who) == (meant, holder) == (meant, "mine"):
                assert len(ceremonies.answered(ticket, purpose, who).plain) == 32
                continue
            with pytest.raises(ChallengeOver):
                ceremonies.answered(ticket, purpose, who)


def test_a_session_is_proved_by_no_login_that_is_half_done(
    alice: FlaskClient, app: Flask, key: Made
) -> None:
    proving, half = asked(alice, "proof"), visitor(app)
    half_log_in(half)
    owing = asked(half, "factor")
    shown = key.passkey.get(proving["publicKey"])
    refuses(hand_in(half, proving["ticket"], shown), 403, "session_none")
    refuses(hand_in(alice, owing["ticket"], key.passkey.get(owing["publicKey"])), 403, "login_over")


@pytest.mark.parametrize("change", [str.upper, "{}A".format, "é.{}".format])
def test_a_ticket_is_signed(app: Flask, key: Made, change: Callable[[str], str]) -> None:
    client = app.test_client()
    wanted = asked(client)
    answer = hand_in(client, change(wanted["ticket"]), key.passkey.get(wanted["publicKey"]))
    refuses(answer, 403, "challenge_over")


def test_one_of_a_key_that_is_gone_is_over(app: Flask, key: Made, build: Build) -> None:
    client = app.test_client()
    wanted = asked(client)
    front_desk(app).keys.rotate()
    shown = key.passkey.get(wanted["publicKey"])
    assert hand_in(client, wanted["ticket"], shown).status_code == 200, "older keys still read"


def test_what_was_answered_is_forgotten_when_it_is_over(
    app: Flask, key: Made, clock: MovableClock
) -> None:
    show(app.test_client(), key.passkey)
    front_desk(app).upkeep.sweep()
    assert rows(app, "SELECT count(*) FROM challenges") == [(2,)]
    clock.advance(minutes=5)
    front_desk(app).upkeep.sweep()
    assert rows(app, "SELECT count(*) FROM challenges") == [(0,)]


def test_wrong_passkeys_are_counted_for_a_place(build: Build) -> None:
    client = build(STRICT, login_failures_per_origin=2).test_client()
    stranger = SoftPasskey(handle=b64(bytes(16)))
    assert [show(client, stranger).status_code for _ in range(3)] == [401, 401, 429]


def test_five_wrong_ones_are_enough_for_a_login(app: Flask, key: Made) -> None:
    client, stranger = visitor(app), SoftPasskey()
    half_log_in(client)
    wanted = asked(client, "factor")
    found = [show(client, stranger, "factor").status_code for _ in range(5)]
    assert found == [401] * 5
    shown = key.passkey.get(wanted["publicKey"])
    refuses(hand_in(client, wanted["ticket"], shown), 403, "login_over")
    assert "Wrong codes" in mail_to(app, ALICE)
    half_log_in(client)
    assert show(client, key.passkey, "factor").status_code == 200


@pytest.mark.parametrize("sent", ["", "mine", "x" * 900, "a" * 36])
def test_nobodys_cookie_is_handed_out_again_but_ours(app: Flask, sent: str) -> None:
    client = visitor(app)
    client.set_cookie("ceremony", sent)
    asked(client)
    held = client.get_cookie("ceremony")
    assert held is not None
    assert (held.value != sent, len(held.value)) == (True, 36)
    asked(client)
    assert client.get_cookie("ceremony") == held


@on_both_databases
def test_of_many_answers_at_once_one_opens(app: Flask, key: Made) -> None:
    client = app.test_client()
    wanted = asked(client)
    held = str(client.get_cookie("ceremony").value)  # type: ignore[union-attr]
    shown = key.passkey.get(wanted["publicKey"])

    def answer(_: int) -> int:
        one = visitor(app)
        one.set_cookie("ceremony", held)
        return hand_in(one, wanted["ticket"], shown).status_code

    found = at_once(AT_ONCE, answer)
    assert sorted(found) == [200] + [403] * (AT_ONCE - 1)
    assert len(rows(app, "SELECT id FROM sessions")) == 2


@on_both_databases
def test_of_many_uses_with_one_count_one_opens(alice: FlaskClient, app: Flask) -> None:
    passkey = add(alice, counts=True).passkey
    clients = [visitor(app) for _ in range(AT_ONCE)]
    wanted = [asked(client) for client in clients]
    shown = [passkey.get(each["publicKey"], count=1) for each in wanted]
    found = at_once(
        AT_ONCE, lambda n: hand_in(clients[n], wanted[n]["ticket"], shown[n]).status_code
    )
    assert sorted(found) == [200] + [401] * (AT_ONCE - 1)


@on_both_databases
def test_of_many_that_add_one_passkey_one_does(alice: FlaskClient, app: Flask) -> None:
    """Each of another account, whose factors say what there is in the end."""
    others = [visitor(app) for _ in range(3)]
    for number, other in enumerate(others):
        register(other, f"user{number}@example.com")
        log_in(other, f"user{number}@example.com")
    passkey, wanted = SoftPasskey(), [offered(other) for other in others]
    made = [passkey.create(each["publicKey"]) for each in wanted]

    def keep(n: int) -> int:
        sent = {"ticket": wanted[n]["ticket"], "credential": made[n]}
        return others[n].post("/factors/passkeys", json=sent).status_code

    assert sorted(at_once(3, keep)) == [200, 409, 409]
    found = rows(app, "SELECT factors FROM users ORDER BY factors")
    assert found == [("",), ("",), ("",), ("passkey",)]
