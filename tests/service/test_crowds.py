"""Crowds at a real server of two workers: one account, one success, one count, never a 5xx."""

from __future__ import annotations

from collections import Counter

import pytest
import requests

from tests.conftest import Serve
from tests.stage.crowd import crowd
from tests.stage.databases import on_both_databases
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import rows
from tests.stage.server import Server
from tests.stage.visits import ALICE, WRONG, wait_for_mail

# Over 72 bytes: hashed with argon2id in both profiles, which costs a tenth of bcrypt.
PASSWORD = "marzipan for everybody".ljust(80, "!")
FORM = {"email": ALICE, "password": PASSWORD}
both = pytest.mark.parametrize("profile", [STRICT, CLASSIC])


def statuses(answers: list[requests.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def token_for(server: Server) -> str:
    answer = server.visitor().post("/reset_password", data={"email": ALICE})
    assert answer.status_code == 200, answer.text
    return str(answer.json().get("reset_token") or wait_for_mail(server.data / "mail"))


@both
def test_fifty_registrations_of_one_address_make_one_account(server: Serve, profile: str) -> None:
    running = server(profile=profile, workers=2, hashing_wait="60s")
    spellings = [ALICE, ALICE.upper(), ALICE.title(), "\uff41lice@example.com"]
    answers = crowd(
        running, 50, lambda one, n: one.post("/users", data=FORM | {"email": spellings[n % 4]})
    )
    assert statuses(answers) == {200: 1, 400: 49}
    assert {a.text for a in answers if a.status_code == 400} == {
        '{"message":"email already registered"}\n'
    }
    assert rows(running, "SELECT count(*) FROM users") == [(1,)]


@both
def test_fifty_spends_of_one_token_are_one(server: Serve, profile: str) -> None:
    running = server(profile=profile, workers=2, hashing_wait="60s")
    running.visitor().post("/users", data=FORM)
    token = token_for(running)

    def spend(visitor: requests.Session, number: int) -> requests.Response:
        form = {"email": ALICE, "reset_token": token, "new_password": f"{PASSWORD}{number}"}
        return visitor.put("/reset_password", data=form)

    answers = crowd(running, 50, spend)
    assert statuses(answers) == {200: 1, 403: 49}
    (winner,) = (n for n, answer in enumerate(answers) if answer.status_code == 200)
    login = running.visitor().post("/sessions", data=FORM | {"password": f"{PASSWORD}{winner}"})
    assert login.status_code == 200


@on_both_databases
def test_of_a_hundred_guesses_at_once_ten_pass(server: Serve) -> None:
    running = server(workers=2, hashing_wait="60s")
    running.visitor().post("/users", data=FORM)
    guesses = crowd(
        running, 100, lambda one, _: one.post("/sessions", data=FORM | {"password": WRONG})
    )
    assert statuses(guesses) == {401: 10, 429: 90}
    assert running.visitor().post("/sessions", data=FORM).status_code == 429


@on_both_databases
def test_the_right_password_at_once_from_many_devices_is_never_a_failure(server: Serve) -> None:
    running = server(workers=2, hashing_wait="60s")
    running.visitor().post("/users", data=FORM)
    logins = crowd(running, 40, lambda one, _: one.post("/sessions", data=FORM))
    assert statuses(logins) == {200: 40}


@both
def test_a_crowd_of_everybody_never_sees_a_5xx(server: Serve, profile: str) -> None:
    running = server(profile=profile, workers=2, hashing_wait="60s")
    known = running.visitor()
    known.post("/users", data=FORM)
    known.post("/sessions", data=FORM)
    cookies = known.cookies.get_dict()

    def live(visitor: requests.Session, number: int) -> requests.Response:
        form = FORM | {"email": f"{number}@example.com"}
        visitor.post("/users", data=form).raise_for_status()
        visitor.post("/sessions", data=form).raise_for_status()
        visitor.get("/profile").raise_for_status()
        assert visitor.get("/profile", cookies=cookies).status_code < 500
        return visitor.delete("/sessions")

    assert statuses(crowd(running, 40, live)) == {302: 40}
    assert known.get("/profile").status_code == 200
