"""Who has an account is told of a login from a device that it does not know, once."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.acts import link_to_verify
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases, only_sqlite
from tests.stage.factors import Authenticator, enrol, half_log_in, send
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import rows
from tests.stage.statements import asked
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    PASSWORD,
    WRONG,
    front_desk,
    log_in,
    mail_to,
    register,
    reset_token,
    set_password,
    try_login,
)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) Version/26.0 Safari/604.1"
HOME, ABROAD = "192.0.2.7", "203.0.113.80"


def device(app: Flask, agent: str = FIREFOX, address: str = HOME) -> FlaskClient:
    """A browser without cookies, somewhere."""
    client = app.test_client()
    client.environ_base |= {"REMOTE_ADDR": address, "HTTP_USER_AGENT": agent}
    return client


@pytest.fixture
def app(build: Build, clock: MovableClock) -> Flask:
    """Alice has had an account for an hour, and is logged in at home."""
    app = build(STRICT)
    register(device(app))
    log_in(device(app))
    clock.advance(hours=1)
    return app


def told(app: Flask) -> list[str]:
    """What devices she was told of."""
    found = rows(app, "SELECT about FROM outbox WHERE template = 'new_device' ORDER BY id")
    return [about for (about,) in found]


@on_both_databases
def test_a_login_from_elsewhere_is_told_once(app: Flask) -> None:
    for _ in range(3):
        log_in(device(app, SAFARI, ABROAD))
    assert told(app) == ["Safari on iPhone, 203.0.113.80"]
    mail = mail_to(app, ALICE)
    assert "Subject: A login from a new device" in mail
    assert "Safari on iPhone, 203.0.113.80" in mail
    ((whose,),) = rows(app, "SELECT user_id FROM outbox")
    assert whose == 1


@pytest.mark.parametrize(("agent", "address"), [(SAFARI, HOME), (FIREFOX, ABROAD)])
def test_another_browser_or_another_network_is_enough(app: Flask, agent: str, address: str) -> None:
    log_in(device(app, agent, address))
    assert len(told(app)) == 1


def test_the_same_browser_on_the_same_network_is_no_news(app: Flask) -> None:
    log_in(device(app))
    assert told(app) == []


def test_a_network_of_ipv6_is_what_a_customer_has(app: Flask) -> None:
    log_in(device(app, address="2001:db8:1:2::3"))
    log_in(device(app, address="2001:db8:1:2:ffff::4"))
    assert told(app) == ["Firefox on Linux, 2001:db8:1:2::/64"]


def test_a_browser_that_is_known_is_no_news_wherever_it_goes(app: Flask) -> None:
    laptop = device(app)
    log_in(laptop)
    laptop.delete("/sessions")
    rows(app, "DELETE FROM sessions")
    laptop.environ_base["REMOTE_ADDR"] = ABROAD
    log_in(laptop)
    assert told(app) == []


def test_who_has_just_registered_is_told_of_nothing(build: Build, clock: MovableClock) -> None:
    app = build(STRICT)
    register(device(app))
    clock.advance(minutes=59)
    log_in(device(app))
    log_in(device(app, SAFARI, ABROAD))
    assert told(app) == []


def test_a_login_after_a_long_while_is_told(app: Flask, clock: MovableClock) -> None:
    clock.advance(days=40)
    front_desk(app).upkeep.sweep()
    log_in(device(app))
    assert told(app) == ["Firefox on Linux, 192.0.2.7"]


def test_a_month_later_it_is_told_again(app: Flask, clock: MovableClock) -> None:
    for _ in range(2):
        log_in(device(app, SAFARI, ABROAD))
        front_desk(app).outbox.deliver_due()
        clock.advance(days=31)
        front_desk(app).upkeep.sweep()
    assert rows(app, "SELECT count(*) FROM outbox") == [(0,)]
    log_in(device(app, SAFARI, ABROAD))
    assert len(told(app)) == 1


def test_a_failed_login_and_half_a_one_are_not(app: Flask, clock: MovableClock) -> None:
    assert try_login(device(app, SAFARI, ABROAD), ALICE, WRONG).status_code == 401
    home = device(app)
    log_in(home)
    enrol(home, clock)
    half_log_in(device(app, SAFARI, ABROAD))
    assert told(app) == []


def test_one_whose_code_was_shown_is(app: Flask, clock: MovableClock) -> None:
    home, phone = device(app), device(app, SAFARI, ABROAD)
    log_in(home)
    codes: Authenticator = enrol(home, clock)
    clock.advance(minutes=1)
    half_log_in(phone)
    assert send(phone, codes.code()).status_code == 200
    assert told(app) == ["Safari on iPhone, 203.0.113.80"]


def test_another_password_is_no_new_device(app: Flask) -> None:
    home = device(app)
    log_in(home)
    form = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert home.put("/profile/password", data=form).status_code == 200
    log_in(device(app), ALICE, NEW_PASSWORD)
    assert told(app) == []


def test_whoever_set_a_password_by_mail_is_told(app: Flask) -> None:
    assert set_password(device(app), reset_token(device(app))).status_code == 200
    log_in(device(app, SAFARI, ABROAD), ALICE, NEW_PASSWORD)
    assert len(told(app)) == 1


def test_whoever_set_it_on_a_known_device_is_not_told_of_themselves(app: Flask) -> None:
    """But of every other device, whose it may be: a thief's may have been known, too."""
    laptop, phone = device(app), device(app, SAFARI, HOME)
    for client in (laptop, phone):
        log_in(client)
    rows(app, "DELETE FROM outbox")
    assert set_password(laptop, reset_token(laptop)).status_code == 200
    laptop.environ_base["REMOTE_ADDR"] = ABROAD
    log_in(laptop, ALICE, NEW_PASSWORD)
    assert told(app) == []
    log_in(phone, ALICE, NEW_PASSWORD)
    assert told(app) == ["Safari on iPhone, 192.0.2.7"]


def test_a_verified_address_is_no_new_device(build: Build, clock: MovableClock) -> None:
    app = build(STRICT, require_verified=True)
    client = device(app)
    register(client)
    front_desk(app).outbox.deliver_due()
    clock.advance(hours=3)
    form = {"token": link_to_verify(client), "password": PASSWORD}
    assert client.post("/verify_email", data=form).status_code == 200
    assert told(app) == []


def test_who_makes_devices_up_fills_no_mailbox(app: Flask, clock: MovableClock) -> None:
    for number in range(25):
        clock.advance(minutes=1)
        log_in(device(app, address=f"203.0.113.{number}"))
    assert len(told(app)) == 20


@on_both_databases
def test_a_login_from_home_costs_no_statement_more(app: Flask) -> None:
    """As many as ``test_what_acts_cost`` says of an account that is fresh."""
    with asked() as found:
        log_in(device(app))
    assert found.counts == (3, 2, 11), "\n".join(found.statements)


@only_sqlite("the classic profile stands on it alone")
def test_the_classic_profile_tells_nobody(build: Build, clock: MovableClock) -> None:
    app = build(CLASSIC)
    register(app.test_client())
    clock.advance(hours=2)
    log_in(app.test_client())
    assert told(app) == []
