"""Repeated failures: ten in fifteen minutes, by account and origin, and a true Retry-After."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import Mock

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.clock import MovableClock
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.visits import ALICE, BOB, PASSWORD, WRONG, front_desk, register, try_login
from vestibule.auth import hashing
from vestibule.auth.errors import Conflict, StorageUnavailable
from vestibule.auth.passwords import Passwords
from vestibule.auth.sessions import Opened, Sessions

FAILURES = 10


def fail(client: FlaskClient, times: int, email: str = ALICE, **options: Any) -> list[int]:
    """Wrong passwords from a device that nobody knows."""
    form, stranger = {"email": email, "password": WRONG}, client.application.test_client()
    return [stranger.post("/sessions", data=form, **options).status_code for _ in range(times)]


def coming_from(address: str) -> dict[str, Any]:
    return {"environ_base": {"REMOTE_ADDR": address}}


def login_from(client: FlaskClient, address: str) -> int:
    form, stranger = {"email": ALICE, "password": PASSWORD}, client.application.test_client()
    return stranger.post("/sessions", data=form, **coming_from(address)).status_code


def test_the_eleventh_failure_is_429(strict: FlaskClient) -> None:
    register(strict)
    assert fail(strict, FAILURES + 2) == [401] * FAILURES + [429] * 2


def test_the_right_password_does_not_open_a_door_that_is_shut(strict: FlaskClient) -> None:
    register(strict)
    fail(strict, FAILURES)
    response = try_login(strict)
    refuses(response, 429, "attempts_exceeded")
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("passed", [0, 1, 437.5, 899])
def test_retry_after_is_true(strict: FlaskClient, clock: MovableClock, passed: float) -> None:
    register(strict)
    fail(strict, FAILURES)
    clock.advance(seconds=passed)
    seconds = int(try_login(strict).headers["Retry-After"])
    assert 0 < seconds <= 900
    clock.advance(seconds=seconds - 1.5)
    if seconds > 1:
        assert try_login(strict).status_code == 429
    clock.advance(seconds=1.5)
    assert try_login(strict).status_code == 200


def test_a_success_does_not_refill(strict: FlaskClient) -> None:
    register(strict)
    assert fail(strict, FAILURES - 1) == [401] * (FAILURES - 1)
    assert [try_login(strict).status_code for _ in range(5)] == [200] * 5
    assert fail(strict, 2) == [401, 429]


def test_successes_alone_are_never_limited(strict: FlaskClient) -> None:
    register(strict)
    assert {try_login(strict).status_code for _ in range(3 * FAILURES)} == {200}


def test_an_unknown_account_is_limited_the_same(strict: FlaskClient) -> None:
    register(strict)
    known, unknown = (fail(strict, FAILURES + 1, email) for email in (ALICE, BOB))
    assert known == unknown


def test_the_answers_to_both_are_the_same(strict: FlaskClient) -> None:
    register(strict)
    for email in (ALICE, BOB):
        fail(strict, FAILURES, email)
    known, unknown = try_login(strict, ALICE), try_login(strict, BOB)
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)


def test_spellings_of_an_address_share_one_count(strict: FlaskClient) -> None:
    register(strict)
    spellings = ["ALICE@example.com", "Alice@Example.Com", "\uff41lice@example.com"]
    assert [fail(strict, 3, email) for email in spellings] == [[401] * 3] * 3
    assert fail(strict, 2) == [401, 429]


def test_accounts_and_origins_are_counted_apart(strict: FlaskClient) -> None:
    register(strict)
    register(strict, BOB)
    fail(strict, FAILURES)
    assert try_login(strict, BOB).status_code == 200
    assert login_from(strict, "203.0.113.7") == 200, "the owner enters from elsewhere"


def test_one_network_of_ipv6_is_one_origin(strict: FlaskClient) -> None:
    register(strict)
    for host in range(FAILURES):
        assert fail(strict, 1, **coming_from(f"2001:db8:1:2::{host:x}")) == [401]
    assert login_from(strict, "2001:db8:1:2:ffff::1") == 429
    assert login_from(strict, "2001:db8:1:3::1") == 200


def test_an_ipv4_address_in_ipv6_clothes_is_itself(strict: FlaskClient) -> None:
    register(strict)
    fail(strict, FAILURES, **coming_from("::ffff:198.51.100.1"))
    assert login_from(strict, "::ffff:198.51.100.2") == 200
    assert login_from(strict, "198.51.100.1") == 429


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"]
)
def test_a_header_makes_nobody_somebody_else(strict: FlaskClient, header: str) -> None:
    register(strict)
    for number in range(FAILURES):
        value = f"for=203.0.113.{number}" if header == "Forwarded" else f"203.0.113.{number}"
        assert fail(strict, 1, headers={header: value}) == [401]
    assert fail(strict, 1, headers={header: "203.0.113.99"}) == [429]


def test_a_malformed_login_is_not_counted(strict: FlaskClient) -> None:
    register(strict)
    for _ in range(FAILURES + 1):
        strict.post("/sessions", json={"email": ALICE})
    assert try_login(strict).status_code == 200


def test_the_count_is_shared_by_all_workers_and_survives_them(build: Build) -> None:
    one, two = build(STRICT).test_client(), build(STRICT).test_client()
    register(one)
    assert (fail(one, 5), fail(two, 6)) == ([401] * 5, [401] * 5 + [429])
    assert fail(build(STRICT).test_client(), 1) == [429]


def test_how_many_is_a_setting(build: Build) -> None:
    client = build(STRICT, login_failures=3).test_client()
    register(client)
    assert fail(client, 4) == [401, 401, 401, 429]


def test_the_table_names_nobody_and_is_swept(strict: FlaskClient, clock: MovableClock) -> None:
    fail(strict, 1)
    keys = [key for (key,) in rows(strict.application, "SELECT key FROM rate_limits")]
    assert len(keys) == 4, "by account and origin, by account, by origin, by nothing"
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in keys)
    clock.advance(days=365)
    front_desk(strict.application).upkeep.sweep()
    assert rows(strict.application, "SELECT * FROM rate_limits") == []


def test_a_thousand_windows_that_are_over_are_swept_at_once(
    strict: FlaskClient, clock: MovableClock
) -> None:
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
    insert = f"INSERT INTO rate_limits {many} SELECT i, 1, i FROM n"  # noqa: S608 - no input.
    rows(strict.application, insert)
    fail(strict, 1)
    front_desk(strict.application).upkeep.sweep()
    assert rows(strict.application, "SELECT count(*) FROM rate_limits") == [(4,)]


def test_what_is_refused_writes_nothing(strict: FlaskClient) -> None:
    fail(strict, FAILURES)
    before = rows(strict.application, "SELECT * FROM rate_limits ORDER BY key")
    assert fail(strict, 3) == [429] * 3
    assert rows(strict.application, "SELECT * FROM rate_limits ORDER BY key") == before


def test_what_is_refused_hashes_nothing(
    strict: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(strict, FAILURES)
    monkeypatch.setattr(hashing.Hasher, "verify", lambda *_: pytest.fail("it hashed"))
    assert fail(strict, 1) == [429]


def test_an_attempt_that_storage_ended_is_no_failure(
    strict: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(strict)
    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "check", Mock(side_effect=StorageUnavailable))
        assert fail(strict, FAILURES + 1) == [503] * (FAILURES + 1)
    assert fail(strict, 1) == [401]


def test_what_a_conflict_undid_is_given_back_by_the_next_try(
    strict: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt was given back in a transaction that came to nothing; it is made once more."""
    register(strict)
    opened, tries = Sessions.open, iter([True, True, False])

    def conflicting(*args: Any, **named: Any) -> Opened:
        if next(tries, False):
            raise Conflict
        return opened(*args, **named)

    monkeypatch.setattr(Sessions, "open", conflicting)
    assert login_from(strict, "127.0.0.1") == 200
    assert fail(strict, FAILURES + 1) == [401] * FAILURES + [429]


def test_an_attempt_that_overtakes_its_window_gives_nothing_to_the_next(
    strict: FlaskClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A right password's hash outlasts the window; nine failures begin the next meanwhile."""
    register(strict)
    check = Passwords.check

    def slow(self: Passwords, email: str, password: str) -> Any:
        if password == PASSWORD:
            clock.advance(minutes=15)
            assert fail(strict, FAILURES) == [401] * FAILURES
        return check(self, email, password)

    monkeypatch.setattr(Passwords, "check", slow)
    assert login_from(strict, "127.0.0.1") == 200
    assert fail(strict, 1) == [429]


def test_who_counts_by_a_clock_that_is_behind_takes_nobody_elses_window_away(
    strict: FlaskClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node's clock is a second behind, or it was read before another's and came later."""
    register(strict)
    check = Passwords.check

    def slow(self: Passwords, email: str, password: str) -> Any:
        if password == PASSWORD:
            clock.advance(seconds=-1)
            assert fail(strict, FAILURES - 1) == [401] * (FAILURES - 1)
        return check(self, email, password)

    with monkeypatch.context() as patch:
        patch.setattr(Passwords, "check", slow)
        assert login_from(strict, "127.0.0.1") == 200
    assert fail(strict, 2) == [401, 429], "the right one was given back"


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_jumps_shuts_nobody_out_for_longer(
    strict: FlaskClient, clock: MovableClock, days: int
) -> None:
    register(strict)
    fail(strict, FAILURES)
    clock.advance(days=days)
    answer = try_login(strict)
    assert answer.status_code == (200 if days > 0 else 429)
    if days < 0:
        assert int(answer.headers["Retry-After"]) == 900
        clock.advance(seconds=900)
        assert try_login(strict).status_code == 200


def test_classic_is_unlimited(classic: FlaskClient) -> None:
    register(classic)
    assert fail(classic, 30) == [401] * 30
    assert try_login(classic).status_code == 200
    for _ in range(10):
        assert classic.post("/reset_password", data={"email": ALICE}).status_code == 200
