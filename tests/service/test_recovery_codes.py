"""Recovery codes: ten, shown once, each good once in place of a one-time code."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.factors import Authenticator, enrol, half_log_in, send
from tests.stage.raw import everything, rows
from tests.stage.secrecy import remember
from tests.stage.visits import ALICE, BOB, front_desk, log_in, mails, register


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


def tried(app: Flask, code: str) -> int:
    """What a fresh login and this code are answered."""
    client = app.test_client()
    half_log_in(client)
    return send(client, code).status_code


def test_there_are_ten_of_120_bits(phone: Authenticator) -> None:
    assert len(set(phone.recovery_codes)) == 10
    shape = r"(?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}"
    assert all(re.fullmatch(shape, code) for code in phone.recovery_codes)


def test_only_digests_are_stored(app: Flask, phone: Authenticator) -> None:
    stored = everything(front_desk(app).outbox.folder.parent)
    for code in phone.recovery_codes:
        assert code.encode() not in stored
        assert code.replace("-", "").encode() not in stored
    assert len(rows(app, "SELECT digest FROM recovery_codes")) == 10


@on_both_databases
def test_each_opens_the_account_once(app: Flask, phone: Authenticator) -> None:
    client = app.test_client()
    half_log_in(client)
    answer = send(client, phone.recovery_codes[3])
    says(answer, 200, email=ALICE, message="logged in", recovery_codes=9)
    (session,) = (
        each for each in client.get("/sessions").get_json()["sessions"] if each["current"]
    )
    assert session["amr"] == ["mfa", "pwd", "rc"]
    assert tried(app, phone.recovery_codes[3]) == 401
    assert tried(app, phone.recovery_codes[4]) == 200


def test_the_owner_is_told_of_each_use_and_how_many_are_left(
    app: Flask, phone: Authenticator
) -> None:
    client = app.test_client()
    half_log_in(client)
    send(client, phone.recovery_codes[0])
    outbox = front_desk(app).outbox
    outbox.deliver_due()
    assert "Subject: A recovery code was used\n" in mails(outbox.folder)[-1].read_text()
    assert client.get("/factors").get_json()["recovery_codes"] == 9


@pytest.mark.parametrize(
    "spell",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " - "),
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: code.replace("0", "O").replace("1", "i"),
    ],
)
def test_it_may_be_written_as_people_write(app: Flask, phone: Authenticator, spell: object) -> None:
    # Of ten, one has a nought or a one.
    code = next((each for each in phone.recovery_codes if {"0", "1"} & set(each)), None)
    assert callable(spell)
    assert tried(app, spell(code or phone.recovery_codes[0])) == 200


@pytest.mark.parametrize(
    "wrong", ["-", "x", "U" * 24, "0" * 23, "0" * 25, "0" * 5000, "\ufb03" * 8]
)
def test_what_is_none_is_refused(app: Flask, phone: Authenticator, wrong: str) -> None:
    assert tried(app, wrong) == 401
    assert tried(app, phone.recovery_codes[0][:-1]) == 401


def test_somebody_elses_is_none(app: Flask, phone: Authenticator, clock: MovableClock) -> None:
    bob = app.test_client()
    register(bob, BOB)
    log_in(bob, BOB)
    bobs = enrol(bob, clock)
    assert tried(app, bobs.recovery_codes[0]) == 401
    assert len(rows(app, "SELECT digest FROM recovery_codes")) == 20


def test_new_ones_end_the_old(alice: FlaskClient, app: Flask, phone: Authenticator) -> None:
    answer = alice.post("/factors/recovery_codes")
    new = [remember(code) for code in answer.get_json()["recovery_codes"]]
    says(answer, 200, message="recovery codes made", recovery_codes=new)
    assert tried(app, phone.recovery_codes[0]) == 401
    assert tried(app, new[0]) == 200


def test_nobodys_mailbox_is_filled_by_making_them_again(
    alice: FlaskClient, phone: Authenticator
) -> None:
    found = [alice.post("/factors/recovery_codes").status_code for _ in range(6)]
    assert found == [200] * 5 + [429]


def test_without_a_factor_there_is_nothing_to_recover(alice: FlaskClient) -> None:
    refuses(alice.post("/factors/recovery_codes"), 404, "factor_unknown")
    assert rows(alice.application, "SELECT count(*) FROM recovery_codes") == [(0,)]
