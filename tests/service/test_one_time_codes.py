"""One-time codes (RFC 6238): added with a code, good for a step before and after, and once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.stage.answers import refuses, says
from tests.stage.clock import MovableClock
from tests.stage.databases import on_both_databases
from tests.stage.factors import Authenticator, code_of, enrol, half_log_in, offer, prove, send
from tests.stage.raw import rows
from tests.stage.visits import ALICE, BOB, front_desk, log_in, mails, register, try_login, visitor


@pytest.fixture
def app(alice: FlaskClient) -> Flask:
    return alice.application


def tried(app: Flask, code: str) -> int:
    """What a fresh login and this code are answered."""
    client = app.test_client()
    half_log_in(client)
    return send(client, code).status_code


def put(client: FlaskClient, made: dict[str, Any], code: str) -> Any:
    return client.put("/factors/otp", data={"ticket": made["ticket"], "code": code})


def test_what_is_offered_is_a_secret_a_link_and_a_picture(alice: FlaskClient) -> None:
    made = offer(alice)
    assert re.fullmatch(r"[A-Z2-7]{32}", made["secret"]), "160 bits (RFC 4226 section 4)"
    link = urlsplit(made["uri"])
    assert (link.scheme, link.netloc) == ("otpauth", "totp")
    assert link.path == "/localhost:alice%40example.com"
    assert parse_qs(link.query) == {"secret": [made["secret"]], "issuer": ["localhost"]}
    assert made["qr"].startswith("<svg")
    assert "style=" not in made["qr"]
    assert "<script" not in made["qr"]


def test_two_offers_are_two_secrets(alice: FlaskClient) -> None:
    assert offer(alice)["secret"] != offer(alice)["secret"]


def test_an_offer_changes_nothing(alice: FlaskClient) -> None:
    made = offer(alice)
    assert rows(alice.application, "SELECT count(*) FROM totp") == [(0,)]
    assert made["secret"] not in str(alice.get("/factors").get_json())
    assert try_login(visitor(alice.application)).status_code == 200


def test_a_code_makes_it_a_factor(alice: FlaskClient, clock: MovableClock) -> None:
    says(
        alice.get("/factors"),
        200,
        otp=None,
        passkeys=[],
        recovery_codes=0,
        password=True,
        required=False,
        end_at=None,
    )
    enrol(alice, clock)
    says(
        alice.get("/factors"),
        *(200,),
        otp={"created_at": "2026-03-14T15:09:26+00:00"},
        passkeys=[],
        recovery_codes=10,
        password=True,
        required=False,
        end_at=None,
    )
    half_log_in(visitor(alice.application))


@pytest.mark.parametrize(
    "wrong", ["000000", "12345", "1234567", "letters", "\uff11" * 6, "\u0660" * 6]
)
def test_no_other_code_does(alice: FlaskClient, clock: MovableClock, wrong: str) -> None:
    made = offer(alice)
    if code_of(made["secret"], clock().timestamp()) != wrong:
        refuses(put(alice, made, wrong), 401, "factor_wrong")
    assert try_login(visitor(alice.application)).status_code == 200
    right = code_of(made["secret"], clock().timestamp())
    assert put(alice, made, right).status_code == 200, "the offer stays"


def test_an_offer_ends(alice: FlaskClient, clock: MovableClock) -> None:
    made = offer(alice)
    clock.advance(minutes=9)
    assert prove(alice).status_code == 200
    again = offer(alice)
    clock.advance(minutes=9)
    code = code_of(made["secret"], clock().timestamp())
    refuses(put(alice, made, code), 403, "challenge_over")
    code = code_of(again["secret"], clock().timestamp())
    assert put(alice, again, code).status_code == 200


def test_an_offer_to_another_session_is_none(alice: FlaskClient, clock: MovableClock) -> None:
    made, other = offer(alice), visitor(alice.application)
    log_in(other)
    code = code_of(made["secret"], clock().timestamp())
    refuses(put(other, made, code), 403, "challenge_over")
    bob = visitor(alice.application)
    register(bob, BOB)
    log_in(bob, BOB)
    refuses(put(bob, made, code), 403, "challenge_over")
    for ticket in ("x", "a.b", "é.\U0001f600", made["ticket"][:-2], made["ticket"] + "A"):
        sent = {"ticket": ticket}
        assert put(bob, sent, code).status_code == 403, ticket


def test_an_offer_is_taken_once(alice: FlaskClient, clock: MovableClock) -> None:
    made = offer(alice)
    assert put(alice, made, code_of(made["secret"], clock().timestamp())).status_code == 200
    clock.advance(minutes=1)
    code = code_of(made["secret"], clock().timestamp())
    refuses(put(alice, made, code), 403, "challenge_over")


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
def test_clocks_may_differ_by_one_step(
    app: Flask, phone: Authenticator, steps: int, status: int
) -> None:
    assert tried(app, phone.code(steps=steps)) == status


@on_both_databases
def test_a_used_step_never_counts_again_nor_one_before_it(
    app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    used = phone.code()
    assert tried(app, used) == 200
    assert tried(app, used) == 401
    assert tried(app, phone.code(steps=-1)) == 401
    assert tried(app, phone.code(steps=1)) == 200
    assert tried(app, phone.code()) == 401
    clock.advance(seconds=30)
    assert tried(app, phone.code()) == 401, "it was used early"
    clock.advance(seconds=30)
    assert tried(app, phone.code()) == 200


def test_the_code_that_added_it_is_used(alice: FlaskClient, clock: MovableClock) -> None:
    phone = enrol(alice, clock)
    assert tried(alice.application, phone.code()) == 401
    assert tried(alice.application, phone.code(steps=-1)) == 401


@pytest.mark.parametrize("spelled", ["{} {}", " {}{}\t", "{}\u00a0{}"])
def test_spaces_do_not_matter(app: Flask, phone: Authenticator, spelled: str) -> None:
    code = phone.code()
    assert tried(app, spelled.format(code[:3], code[3:])) == 200


def test_other_digits_do(app: Flask, phone: Authenticator) -> None:
    arabic = phone.code().translate({ord(str(n)): chr(0x660 + n) for n in range(10)})
    assert tried(app, arabic) == 401


def test_somebody_elses_code_is_none(app: Flask, phone: Authenticator, clock: MovableClock) -> None:
    bob = app.test_client()
    register(bob, BOB)
    log_in(bob, BOB)
    bobs = enrol(bob, clock)
    assert tried(app, bobs.code(steps=1)) == 401
    assert tried(app, phone.code()) == 200


def test_a_secret_is_replaced(
    alice: FlaskClient, app: Flask, phone: Authenticator, clock: MovableClock
) -> None:
    made = offer(alice)
    answer = put(alice, made, code_of(made["secret"], clock().timestamp()))
    says(answer, 200, message="factor added", recovery_codes=None)
    clock.advance(minutes=1)
    assert tried(app, phone.code()) == 401
    assert tried(app, code_of(made["secret"], clock().timestamp())) == 200
    assert rows(app, "SELECT count(*) FROM totp") == [(1,)]


def test_it_is_removed_with_its_recovery_codes(
    alice: FlaskClient, app: Flask, phone: Authenticator
) -> None:
    says(alice.delete("/factors/otp"), 200, message="factor removed", recovery_codes=None)
    says(
        alice.get("/factors"),
        200,
        otp=None,
        passkeys=[],
        recovery_codes=0,
        password=True,
        required=False,
        end_at=None,
    )
    assert try_login(app.test_client()).status_code == 200
    refuses(alice.delete("/factors/otp"), 404, "factor_unknown")
    for table in ("totp", "recovery_codes"):
        assert rows(app, f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608


def test_each_change_ends_other_sessions_and_is_mailed(
    alice: FlaskClient, app: Flask, clock: MovableClock
) -> None:
    changes: dict[str, Callable[[], object]] = {
        "A second factor was added": lambda: enrol(alice, clock),
        "You have new recovery codes": lambda: alice.post("/factors/recovery_codes"),
        "One-time codes are off": lambda: alice.delete("/factors/otp"),
    }
    phone: Any = None
    outbox = front_desk(app).outbox
    for subject, change in changes.items():
        other, before = app.test_client(), alice.get_cookie("session_id")
        assert before is not None
        if phone is None:
            log_in(other)
        else:
            half_log_in(other)
            assert send(other, phone.code()).status_code == 200
        half = app.test_client()
        try_login(half)
        done = change()
        phone = done if isinstance(done, Authenticator) else phone
        refuses(other.get("/profile"), 403, "session_none")
        refuses(visitor(app, before.value).get("/profile"), 403, "session_none")
        assert half.get("/sessions/factor").status_code == 403
        assert alice.get("/profile").status_code == 200
        outbox.deliver_due()
        assert f"Subject: {subject}\n" in mails(outbox.folder)[-1].read_text()
        clock.advance(minutes=1)


def test_the_address_may_have_any_sign(strict: FlaskClient) -> None:
    odd = "a+b&c=d?e/f%20@example.com"
    register(strict, odd)
    log_in(strict, odd)
    made = offer(strict)
    link = urlsplit(made["uri"])
    assert unquote(link.path) == f"/localhost:{odd}"
    assert parse_qs(link.query)["secret"] == [made["secret"]]


def test_who_is_not_logged_in_gets_none_of_it(strict: FlaskClient) -> None:
    form = {"ticket": "x", "code": "123456"}
    refuses(strict.get("/factors"), 403, "session_none")
    refuses(strict.post("/factors/otp"), 403, "session_none")
    refuses(strict.put("/factors/otp", data=form), 403, "session_none")
    refuses(strict.delete("/factors/otp"), 403, "session_none")
    refuses(strict.post("/factors/recovery_codes"), 403, "session_none")
    assert ALICE not in strict.get("/factors").text
