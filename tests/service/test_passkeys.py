"""Passkeys (WebAuthn Level 3): added, named, removed; they open an account alone or besides."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.factors import enrol, half_log_in, send
from tests.stage.passkeys import Made, SoftPasskey, add, asked, hand_in, offered, show
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    BOB,
    NEW_PASSWORD,
    log_in,
    mail_to,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)
from vestibule.user import Row


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


def test_what_a_browser_makes_one_of(alice: FlaskClient) -> None:
    made = offered(alice)["publicKey"]
    ((pseudonym,),) = rows(alice.application, "SELECT pseudonym FROM users")
    assert made["rp"] == {"id": "localhost", "name": "localhost"}
    assert made["user"]["name"] == ALICE
    assert len(pseudonym) == 32
    assert ALICE not in made["user"]["id"]
    assert made["attestation"] == "none"
    assert [each["alg"] for each in made["pubKeyCredParams"]] == [-8, -7, -257]
    wanted = made["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")
    assert made["excludeCredentials"] == []


@on_both_databases
def test_one_opens_the_account_alone(app: Flask, key: Made, clock: MovableClock) -> None:
    client = app.test_client()
    clock.advance(minutes=1)
    says(show(client, key.passkey), 200, email=ALICE, message="logged in")
    assert client.get("/profile").get_json() == {"email": ALICE}
    (session,) = (
        each for each in client.get("/sessions").get_json()["sessions"] if each["current"]
    )
    assert session["amr"] == ["mfa", "pop", "user"]
    assert client.get_cookie("device") is not None
    (shown,) = client.get("/factors").get_json()["passkeys"]
    assert shown == {
        "id": key.public_id,
        "name": "the blue telephone",
        "created_at": "2026-03-14T15:09:26+00:00",
        "last_used_at": "2026-03-14T15:10:26+00:00",
        "backed_up": False,
    }


def test_the_first_brings_recovery_codes(alice: FlaskClient, app: Flask, key: Made) -> None:
    assert len(key.recovery_codes) == 10
    assert add(alice).recovery_codes == []
    client = app.test_client()
    half_log_in(client)
    assert send(client, key.recovery_codes[0]).status_code == 200


@on_both_databases
def test_one_is_the_second_factor_of_a_password(app: Flask, key: Made) -> None:
    client = app.test_client()
    answer = try_login(client)
    refuses(answer, 401, "factor_required")
    assert answer.get_json()["factors"] == ["passkey", "recovery"]
    wanted = asked(client, "factor")
    assert [each["id"] for each in wanted["publicKey"]["allowCredentials"]]
    assert wanted["publicKey"]["userVerification"] == "preferred"
    assert show(client, key.passkey, "factor", flags=0x01).status_code == 200
    (session,) = (
        each for each in client.get("/sessions").get_json()["sessions"] if each["current"]
    )
    assert session["amr"] == ["mfa", "pop", "pwd"]
    refuses(client.get("/sessions/factor"), 403, "login_over")


def test_both_kinds_are_factors_of_one_account(
    alice: FlaskClient, app: Flask, key: Made, clock: MovableClock
) -> None:
    phone = enrol(alice, clock)
    assert phone.recovery_codes == [], "there are some"
    client = app.test_client()
    assert try_login(client).get_json()["factors"] == ["otp", "passkey", "recovery"]
    assert show(client, key.passkey, "factor").status_code == 200
    assert client.delete("/factors/otp").status_code == 200
    assert try_login(app.test_client()).get_json()["factors"] == ["passkey", "recovery"]


def test_several_have_names(alice: FlaskClient, key: Made) -> None:
    other = add(alice)
    given = {each["id"]: each["name"] for each in alice.get("/factors").get_json()["passkeys"]}
    assert given == {key.public_id: "the blue telephone", other.public_id: "an unknown device"}
    where = f"/factors/passkeys/{other.public_id}"
    says(
        alice.put(where, data={"name": "key\u202e\x00 ring\n"}),
        200,
        id=other.public_id,
        name="key ring",
    )
    long = alice.put(where, json={"name": "x" * 100}).get_json()["name"]
    assert long == "x" * 60
    refuses(alice.put("/factors/passkeys/0", data={"name": "x"}), 404, "factor_unknown")
    says(alice.put(where, data={"name": "\u200b"}), 200, id=other.public_id, name=long)


def test_a_new_one_is_named_for_the_browser(alice: FlaskClient) -> None:
    alice.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"
    add(alice)
    assert alice.get("/factors").get_json()["passkeys"][0]["name"] == "Firefox on Linux"


def test_one_that_was_removed_opens_nothing(alice: FlaskClient, app: Flask, key: Made) -> None:
    wanted = asked(client := app.test_client())
    says(alice.delete(f"/factors/passkeys/{key.public_id}"), 200, message="passkey removed")
    shown = key.passkey.get(wanted["publicKey"])
    refuses(hand_in(client, wanted["ticket"], shown), 401, "passkey_wrong")
    says(
        alice.get("/factors"),
        200,
        otp=None,
        passkeys=[],
        recovery_codes=0,
        required=False,
        end_at=None,
        password=True,
    )
    assert try_login(app.test_client()).status_code == 200
    refuses(alice.delete(f"/factors/passkeys/{key.public_id}"), 404, "factor_unknown")
    assert rows(app, "SELECT factors FROM users") == [("",)]


def test_a_proof_with_one_is_enough(alice: FlaskClient, key: Made, clock: MovableClock) -> None:
    clock.advance(minutes=10)
    refuses(alice.post("/factors/passkeys/challenge"), 403, "login_not_recent")
    before = alice.get_cookie("session_id")
    says(show(alice, key.passkey, "proof"), 200, email=ALICE, message="proved")
    assert alice.get_cookie("session_id") != before
    assert offered(alice)["publicKey"]["excludeCredentials"]


def test_each_change_ends_other_sessions_and_is_mailed(
    alice: FlaskClient, app: Flask, key: Made
) -> None:
    changes: dict[str, Callable[[], object]] = {
        "A passkey was added": lambda: add(alice),
        "A passkey was removed": lambda: alice.delete(f"/factors/passkeys/{key.public_id}"),
        "Your password was removed": lambda: alice.delete("/profile/password"),
    }
    other = key.passkey
    for subject, change in changes.items():
        client, half, before = app.test_client(), app.test_client(), alice.get_cookie("session_id")
        assert before is not None
        assert show(client, other).status_code == 200
        half_log_in(half)
        made = change()
        other = made.passkey if isinstance(made, Made) else other
        assert alice.get("/profile").status_code == 200
        refuses(client.get("/profile"), 403, "session_none")
        refuses(visitor(app, before.value).get("/profile"), 403, "session_none")
        refuses(half.get("/sessions/factor"), 403, "login_over")
        assert f"Subject: {subject}\n" in mail_to(app, ALICE)


def test_a_session_says_what_was_added_to_it(alice: FlaskClient, key: Made) -> None:
    (session,) = alice.get("/sessions").get_json()["sessions"]
    assert session["amr"] == ["mfa", "pop", "pwd", "user"]


def test_the_export_has_names_and_dates_and_no_key(alice: FlaskClient, key: Made) -> None:
    answer = alice.get("/profile/export")
    (shown,) = answer.get_json()["factors"]["passkeys"]
    assert (shown["name"], shown["last_used_at"]) == ("the blue telephone", None)
    assert shown["transports"] == ["hybrid", "internal"]
    ((digest, credential, public),) = rows(
        alice.application, "SELECT digest, credential, public_key FROM passkeys"
    )
    assert [each for each in (digest, credential, public) if each in answer.text] == []
    left_out = {"digest", "user_id", "credential", "public_key"}
    assert set(Row.metadata.tables["passkeys"].columns.keys()) == shown.keys() | left_out


def test_they_go_with_the_account(alice: FlaskClient, app: Flask, key: Made) -> None:
    assert alice.delete("/profile").status_code == 200
    assert rows(app, "SELECT count(*) FROM passkeys") == [(0,)]
    refuses(show(app.test_client(), key.passkey), 401, "passkey_wrong")


def test_a_login_ends_the_session_that_it_came_with(
    alice: FlaskClient, app: Flask, key: Made
) -> None:
    before = alice.get_cookie("session_id")
    assert before is not None
    assert show(alice, key.passkey).status_code == 200
    refuses(visitor(app, before.value).get("/profile"), 403, "session_none")


def test_a_reset_drops_those_of_who_never_showed_to_own_the_address(app: Flask, key: Made) -> None:
    """Else whoever registers an address of others could come back with a passkey."""
    assert set_password(visitor(app), reset_token(visitor(app))).status_code == 200
    refuses(show(visitor(app), key.passkey), 401, "passkey_wrong")
    assert try_login(visitor(app), ALICE, NEW_PASSWORD).status_code == 200
    assert rows(app, "SELECT count(*) FROM passkeys") == [(0,)]


def test_who_has_to_have_a_factor_adds_a_passkey(build: Build) -> None:
    app = build(STRICT, factors="all")
    client = app.test_client()
    register(client)
    assert try_login(client).get_json()["factors"] == ["otp", "passkey"]
    made = add(client)
    assert client.get("/profile").get_json() == {"email": ALICE}
    refuses(client.delete(f"/factors/passkeys/{made.public_id}"), 409, "factor_needed")
    assert show(app.test_client(), made.passkey).status_code == 200


def test_one_is_nobody_elses(alice: FlaskClient, app: Flask, key: Made) -> None:
    bob = visitor(app)
    register(bob, BOB)
    log_in(bob, BOB)
    refuses(bob.delete(f"/factors/passkeys/{key.public_id}"), 404, "factor_unknown")
    refuses(
        bob.put(f"/factors/passkeys/{key.public_id}", data={"name": "x"}), 404, "factor_unknown"
    )
    wanted = offered(bob)
    made = key.passkey.create(wanted["publicKey"])
    sent = {"ticket": wanted["ticket"], "credential": made}
    refuses(bob.post("/factors/passkeys", json=sent), 409, "passkey_known")
    refuses(show(bob, key.passkey, "proof"), 401, "passkey_wrong")
    add(bob)
    half = visitor(app)
    half_log_in(half, BOB)
    refuses(show(half, key.passkey, "factor"), 401, "passkey_wrong")


def test_twenty_are_enough(alice: FlaskClient, app: Flask, key: Made) -> None:
    wanted = offered(alice)
    same = "user_id, credential, public_key, sign_count, name, transports, backed_up, created_at"
    for number in range(19):
        rows(
            app,
            f"INSERT INTO passkeys (digest, {same}) SELECT '{number:064}', {same} FROM passkeys"  # noqa: S608
            f" WHERE digest LIKE '{key.public_id}%'",
        )
    refuses(alice.post("/factors/passkeys/challenge"), 409, "factors_full")
    made = SoftPasskey().create(wanted["publicKey"])
    sent = {"ticket": wanted["ticket"], "credential": made}
    refuses(alice.post("/factors/passkeys", json=sent), 409, "factors_full")


@on_both_databases
def test_the_account_itself_knows_what_factors_there_are(
    alice: FlaskClient, app: Flask, clock: MovableClock
) -> None:
    """A login reads that alone, and the tables only when it says so."""
    made: list[Made] = []
    steps: list[tuple[Callable[[], object], str]] = [
        (lambda: made.append(add(alice)), "passkey"),
        (lambda: enrol(alice, clock), "otp passkey"),
        (lambda: made.append(add(alice)), "otp passkey"),
        (lambda: alice.delete(f"/factors/passkeys/{made[0].public_id}"), "otp passkey"),
        (lambda: alice.delete(f"/factors/passkeys/{made[1].public_id}"), "otp"),
        (lambda: made.append(add(alice)), "otp passkey"),
        (lambda: alice.delete("/factors/otp"), "passkey"),
        (lambda: alice.delete(f"/factors/passkeys/{made[2].public_id}"), ""),
    ]
    for step, factors in steps:
        step()
        assert rows(app, "SELECT factors FROM users") == [(factors,)]
        codes = rows(app, "SELECT count(*) FROM recovery_codes")
        assert codes == [(10 if factors else 0,)]
