"""A29: wrong codes are counted for the account, whatever login, session or place they come by."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.factors import Authenticator, enrol, half_log_in, prove, send
from tests.stage.guesses import coming_from
from tests.stage.passkeys import SoftPasskey, add, asked, hand_in, show
from tests.stage.profiles import STRICT, UNLIMITED
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    log_in,
    mails,
    register,
    reset_token,
    set_password,
    visitor,
)
from vestibule.auth.entrance import Entrance
from vestibule.auth.errors import StorageUnavailable


@pytest.fixture
def app(build: Build) -> Flask:
    return build(STRICT, **UNLIMITED | {"login_failures_per_account": 100})


@pytest.fixture
def alice(app: Flask) -> FlaskClient:
    """Alice, logged in a moment ago."""
    client = app.test_client()
    register(client)
    log_in(client)
    return client


@pytest.fixture
def phone(alice: FlaskClient, clock: MovableClock) -> Authenticator:
    """Her authenticator, whose code of this moment is used."""
    made = enrol(alice, clock)
    clock.advance(minutes=1)
    return made


def thief(app: Flask, number: int = 0, password: str = PASSWORD) -> FlaskClient:
    """Somebody with the password, in a fresh login, from another place each time."""
    client = app.test_client()
    form = {"email": ALICE, "password": password}
    answer = client.post("/sessions", data=form, **coming_from(f"192.0.2.{number}"))
    assert answer.get_json()["code"] == "factor_required"
    return client


def guesses(app: Flask, phone: Authenticator, times: int, password: str = PASSWORD) -> list[int]:
    """What wrong codes are answered, two for each fresh login."""
    found: list[int] = []
    while len(found) < times:
        client = thief(app, len(found), password)
        where = coming_from(f"198.51.100.{len(found)}")
        found += [send(client, phone.wrong(), **where).status_code for _ in range(2)]
    return found[:times]


@on_both_databases
def test_ten_in_a_quarter_of_an_hour_over_all_logins_and_places(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    assert guesses(app, phone, 12) == [401] * 10 + [429] * 2
    answer = send(thief(app), phone.code())
    refuses(answer, 429, "attempts_exceeded")
    clock.advance(seconds=int(answer.headers["Retry-After"]))
    assert send(thief(app), phone.code()).status_code == 200


def test_the_fifth_of_a_login_ends_it_of_whatever_kind(
    alice: FlaskClient, app: Flask, phone: Authenticator
) -> None:
    """Wrong codes, recovery codes and passkeys of one login are counted together."""
    key, client = add(alice).passkey, app.test_client()
    wrong: list[Callable[[], TestResponse]] = [
        lambda: send(client, phone.wrong()),
        lambda: send(client, "0000-0000-0000-0000-0000-0000"),
        lambda: show(client, SoftPasskey(), "factor"),
    ]
    for last in wrong:
        half_log_in(client)
        right = asked(client, "factor")
        for guess in [*wrong, wrong[2], last]:
            assert client.get("/sessions/factor").status_code == 200
            assert guess().status_code == 401
        refuses(client.get("/sessions/factor"), 403, "login_over")
        refuses(send(client, phone.code()), 403, "login_over")
        refuses(hand_in(client, right["ticket"], key.get(right["publicKey"])), 403, "login_over")


def test_a_session_and_a_login_use_up_the_same(
    alice: FlaskClient, app: Flask, phone: Authenticator
) -> None:
    stranger = visitor(app, str(getattr(alice.get_cookie("session_id"), "value", "")))
    for _ in range(4):
        refuses(prove(stranger, phone.wrong()), 401, "factor_wrong")
    assert guesses(app, phone, 8) == [401] * 6 + [429] * 2


def test_a_right_code_gives_back_its_own_and_no_other(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    assert guesses(app, phone, 8) == [401] * 8
    assert send(thief(app), phone.code()).status_code == 200
    assert guesses(app, phone, 4) == [401] * 2 + [429] * 2


def test_at_the_same_moment_they_are_no_more(app: Flask, phone: Authenticator) -> None:
    clients = [thief(app, number) for number in range(24)]
    wrong = phone.wrong()
    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(lambda client: send(client, wrong).status_code, clients))
    assert found.count(401) == 10
    assert found.count(429) == 14


def test_a_known_device_has_its_own(app: Flask, phone: Authenticator) -> None:
    owner = app.test_client()
    half_log_in(owner)
    assert send(owner, phone.code()).status_code == 200
    guesses(app, phone, 10)
    half_log_in(owner)
    assert send(owner, phone.code(steps=1)).status_code == 200


def test_a_device_that_knew_the_password_alone_is_strange(
    alice: FlaskClient, app: Flask, clock: MovableClock
) -> None:
    """Else a thief would make as many as they like before, each with guesses of its own."""
    early = [app.test_client() for _ in range(3)]
    for client in early:
        log_in(client)
    phone = enrol(alice, clock)
    found = []
    for client in early:
        half_log_in(client)
        found += [send(client, phone.wrong()).status_code for _ in range(4)]
    assert found == [401] * 10 + [429] * 2


def test_a_recovery_code_opens_the_account_meanwhile(app: Flask, phone: Authenticator) -> None:
    guesses(app, phone, 10)
    assert send(thief(app), phone.code()).status_code == 429
    assert send(thief(app), phone.recovery_codes[0]).status_code == 200


def a_hundred(app: Flask, phone: Authenticator, clock: MovableClock) -> None:
    for _ in range(10):
        assert guesses(app, phone, 10) == [401] * 10
        clock.advance(minutes=15)


def test_a_hundred_in_a_row_close_it_whatever_the_time(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    a_hundred(app, phone, clock)
    refuses(send(thief(app), phone.code()), 429, "attempts_exceeded")
    clock.advance(days=30)
    refuses(send(thief(app), phone.code()), 429, "attempts_exceeded")


def test_a_reset_by_mail_opens_no_hundred_more(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    """Whoever reads the mail could guess on and on."""
    rows(app, "UPDATE users SET verified_at = 1")
    a_hundred(app, phone, clock)
    assert set_password(app.test_client(), reset_token(app.test_client())).status_code == 200
    answer = send(thief(app, password=NEW_PASSWORD), phone.code())
    refuses(answer, 429, "attempts_exceeded")


def test_its_owner_and_an_operator_open_it_again(
    alice: FlaskClient, app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    a_hundred(app, phone, clock)
    front_desk(app).operators.unlock(ALICE)
    assert send(thief(app), phone.code()).status_code == 200
    a_hundred(app, phone, clock)
    owner = thief(app)
    assert send(owner, phone.recovery_codes[0]).status_code == 200
    fresh = enrol(owner, clock)
    clock.advance(minutes=1)
    assert send(thief(app), fresh.code()).status_code == 200


def test_the_owner_is_told_once_an_hour(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    outbox = front_desk(app).outbox

    def told() -> int:
        outbox.deliver_due()
        texts = [mail.read_text() for mail in mails(outbox.folder)]
        return sum("Subject: Wrong codes" in text for text in texts)

    for expected in (1, 1, 2):
        clock.advance(minutes=31)
        for _ in range(2):
            client = thief(app)
            for _ in range(5):
                send(client, "0000-0000-0000-0000-0000-0000")
        assert told() == expected, expected


def test_what_storage_interrupts_does_not_count(
    app: Flask, phone: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = thief(app)

    def lost(*_: object) -> str:
        raise StorageUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(Entrance, "finish", lost)
        for _ in range(6):
            assert send(client, phone.code()).status_code == 503
    assert send(client, phone.code()).status_code == 200, "and the code was not used up"
