"""Limits in Redis: shared by nodes, true to the second, and in the database when it is away."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import ValidationError

from tests.conftest import Build, Serve
from tests.stage.crowd import crowd
from tests.stage.guesses import attempt, enter, guess
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.redis_server import RedisServer, redis_server
from tests.stage.visits import ALICE, BOB, PASSWORD, WRONG, eventually, register
from vestibule.auth import counts
from vestibule.auth.passwords import Passwords
from vestibule.config import Settings

FAILURES = 10


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    with redis_server() as server:
        yield server


@pytest.fixture
def app(build: Build, redis: RedisServer) -> Flask:
    """A service that counts there, with one account."""
    made = build(STRICT, redis_url=redis.url)
    register(made.test_client())
    return made


def window_of(redis: RedisServer, name: str) -> str:
    (key,) = (key for key in redis.counted() if f":{name}/" in key)
    return key


def test_windows_are_counted_there_and_failures_in_a_row_in_the_database(
    app: Flask, redis: RedisServer
) -> None:
    assert guess(app, FAILURES + 1) == [401] * FAILURES + [429]
    assert redis.client.get(window_of(redis, "login")) == b"10"
    assert rows(app, "SELECT hits FROM rate_limits") == [(10,)]


def test_it_is_told_nobodys_address(app: Flask, redis: RedisServer) -> None:
    guess(app, 1)
    assert len(redis.counted()) == 5, (
        "login, login by origin and by all, register by origin and by all"
    )
    assert not any("alice" in key or "127.0" in key for key in redis.counted())
    assert all(0 < redis.client.pttl(key) <= 3_600_000 for key in redis.counted())


def test_nodes_share_it(build: Build, redis: RedisServer, tmp_path: Path) -> None:
    one, two = (build(STRICT, redis_url=redis.url, data=tmp_path / name) for name in "ab")
    assert (guess(one, 6), guess(two, 5)) == ([401] * 6, [401] * 4 + [429])


def test_retry_after_is_true(app: Flask, redis: RedisServer) -> None:
    guess(app, FAILURES)
    answer = attempt(app.test_client(), PASSWORD)
    assert answer.status_code == 429
    assert 895 < int(answer.headers["Retry-After"]) <= 900
    redis.client.pexpire(window_of(redis, "login"), 1300)
    began = time.monotonic()
    answer = attempt(app.test_client(), PASSWORD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    eventually(lambda: enter(app) == 200)
    assert 1.2 < time.monotonic() - began < 2.0


def test_a_success_gives_back_its_own_attempt(app: Flask) -> None:
    assert guess(app, FAILURES - 1) == [401] * (FAILURES - 1)
    assert {enter(app) for _ in range(5)} == {200}
    assert guess(app, 2) == [401, 429]


def test_an_attempt_gives_nothing_to_a_later_window(
    app: Flask, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Passwords.check

    def slow(self: Passwords, email: str, password: str) -> Any:
        if password == PASSWORD:
            # By the clock of Redis, which no test moves, the later window must begin later.
            guess(app, 3)
            redis.client.delete(window_of(redis, "login"))
            assert guess(app, FAILURES) == [401] * FAILURES
        return check(self, email, password)

    monkeypatch.setattr(Passwords, "check", slow)
    assert enter(app) == 200
    assert redis.client.get(window_of(redis, "login")) == b"10"


def test_a_refused_attempt_takes_nothing(app: Flask, redis: RedisServer) -> None:
    guess(app, FAILURES)
    before = {key: redis.client.get(key) for key in redis.counted()}
    assert guess(app, 3) == [429] * 3
    assert {key: redis.client.get(key) for key in redis.counted()} == before


def test_what_the_database_refuses_is_given_back_there(build: Build, redis: RedisServer) -> None:
    app = build(STRICT, redis_url=redis.url, login_failures_per_account=3)
    assert guess(app, 5) == [401] * 3 + [429] * 2
    assert redis.client.get(window_of(redis, "login")) == b"3"


def test_without_it_the_database_counts(
    app: Flask, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert guess(app, 5) == [401] * 5
    redis.stop()
    assert guess(app, FAILURES + 1) == [401] * FAILURES + [429]
    assert [r.message for r in caplog.records].count("limits.redis_unavailable") == 1
    assert enter(app, BOB) == 401


def test_nobody_waits_long_for_one_that_hangs(app: Flask, redis: RedisServer) -> None:
    guess(app, 1)
    redis.hang()
    began = time.monotonic()
    assert guess(app, 1) == [401]
    assert 0.2 < time.monotonic() - began < 2.0
    began = time.monotonic()
    assert guess(app, FAILURES) == [401] * 9 + [429]
    assert time.monotonic() - began < 2.0, "it was waited for once"


def test_it_is_used_again_when_it_is_back(
    app: Flask, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "REST_SECONDS", 0.0)
    redis.stop()
    assert guess(app, 2) == [401] * 2
    redis.start()
    assert guess(app, 1) == [401]
    assert redis.client.get(window_of(redis, "login")) == b"1"


def test_a_connection_that_it_closed_is_opened_again(
    app: Flask, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    guess(app, 1)
    redis.client.client_kill_filter(_type="normal", skipme=True)
    guess(app, 1)
    assert redis.client.get(window_of(redis, "login")) == b"2"
    assert "limits.redis_unavailable" not in caplog.text


def test_of_guesses_at_once_at_two_workers_ten_pass(server: Serve, redis: RedisServer) -> None:
    running = server(workers=2, redis_url=redis.url)
    form = {"email": ALICE, "password": WRONG}
    answers = crowd(running, 60, lambda one, _: one.post("/sessions", data=form))
    assert Counter(answer.status_code for answer in answers) == {401: 10, 429: 50}


def test_the_library_is_loaded_only_where_it_is_used(tmp_path: Path) -> None:
    script = (
        "import sys; from vestibule.app import create_app; from vestibule.config import Settings;"
        f"create_app(Settings(data={str(tmp_path)!r}), worker=False);"
        "print('redis' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.stdout == "False\n"


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://redis:6379", "redis://", "memcached://x"]
)
def test_what_is_no_url_of_a_redis_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="redis://host:6379/0"):
        Settings.model_validate({"redis_url": url})
