"""Advice on a password before it is set: by the policy and zxcvbn, and never a refusal by these."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from inspect import getsource
from threading import Event
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from zxcvbn import feedback, matching

from tests.conftest import Build
from tests.stage.answers import refuses, says
from tests.stage.profiles import STRICT
from tests.stage.visits import ALICE, PASSWORD
from vestibule.auth import strength
from vestibule.auth.strength import MOST_CHARACTERS, estimate
from vestibule.web.advice import KEYS, keys_of
from vestibule.web.languages import Languages

WORD_MORE = "Add another word or two; uncommon ones are best."
# What zxcvbn alone takes seconds to minutes for.
HOSTILE = [
    "4@8({[<369+!1|7!i|$5+7%2" * 3,
    "554%32@$[+<1$(06{[0{[2+937|$$+79" * 2,
    "91{6{@7576t7877977{97148" * 3,
    "6[%6%1[|$0|1%3[4034$4[006433",
    "1|" * 36,
    "a" * 1024,
    "\0" * 1024,
    "\U0001f36f" * 1024,
    "20012001" * 128,
    "aA1!" * 256,
    # The dearest that a search found, of what is let through.
    "26|7i5!!%9<426|7i5!!%9<4",
    "i54S8789x9r9$il@(!f7m36!",
]


def ask(client: FlaskClient, password: str, **more: Any) -> dict[str, Any]:
    response = client.post("/password_strength", json={"password": password} | more)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.get_json()
    return body


def test_a_weak_password_is_accepted_with_advice(strict: FlaskClient) -> None:
    response = strict.post("/password_strength", data={"password": "marzipan", "email": ALICE})
    says(response, 200, accepted=True, rule=None, reason="", score=1, advice=WORD_MORE)
    assert strict.post("/users", data={"email": ALICE, "password": "marzipan"}).status_code == 200


def test_a_strong_password_needs_none(strict: FlaskClient) -> None:
    assert ask(strict, PASSWORD) == {
        "accepted": True,
        "rule": None,
        "reason": "",
        "score": 4,
        "advice": "",
    }


@pytest.mark.parametrize(
    ("password", "rule"),
    [("marzipa", "too_short"), ("password1", "common"), ("zqj!zqj!", "pattern")],
)
def test_it_says_what_registering_would(strict: FlaskClient, password: str, rule: str) -> None:
    told = ask(strict, password, email=ALICE)
    refusal = strict.post("/users", json={"email": ALICE, "password": password}).get_json()
    assert (told["accepted"], told["rule"], refusal["rule"]) == (False, rule, rule)
    assert refusal["detail"].startswith(told["reason"])


def test_ones_own_name_makes_a_password_weaker(strict: FlaskClient) -> None:
    password = "marzipan.quux7"
    stranger = ask(strict, password)["score"]
    assert ask(strict, password, email="marzipan.quux7x@example.com")["score"] <= stranger
    assert ask(strict, password, email="quux7.marzipan@example.com")["score"] < stranger
    assert ask(strict, password)["score"] == stranger, "the name is forgotten"
    assert matching.RANKED_DICTIONARIES["user_inputs"] == {}


def test_the_own_name_is_refused_as_it_would_be(strict: FlaskClient) -> None:
    assert ask(strict, ALICE, email=ALICE)["rule"] == "own_name"
    assert ask(strict, ALICE)["accepted"] is True


def test_the_least_length_is_the_setting(build: Build) -> None:
    client = build(STRICT, password_min_length=15).test_client()
    assert "at least 15 characters" in ask(client, "marzipan at day"[:14])["reason"]


@pytest.mark.parametrize("password", HOSTILE)
def test_no_password_takes_long(password: str) -> None:
    estimate("marzipan")  # The lists are read once.
    began = time.thread_time()
    assert estimate(password, ALICE) is not None
    # Measured: 9 ms. zxcvbn on the first 72 characters: up to 6 s.
    assert time.thread_time() - began < 0.1


def test_a_long_address_makes_it_no_dearer(strict: FlaskClient) -> None:
    began = time.process_time()
    ask(strict, "marzipan", email="a." * 30_000)
    assert time.process_time() - began < 0.5


def test_random_passwords_of_managers_are_seen_to_be_strong() -> None:
    for password in ("x7$Kq!2vLm@9pRzT4w#e", "hV3-kq9-Wz2-mX7-pL5", "8|4@1!7$0%3+6[9{5<2("):
        found = estimate(password)
        assert found is not None
        assert found.score >= 3, password


def test_a_password_beyond_any_length_is_refused(strict: FlaskClient) -> None:
    response = strict.post("/password_strength", json={"password": "x" * 1025})
    refuses(response, 400, "password_too_long")


@pytest.mark.parametrize(
    "body", [{}, {"password": ""}, {"password": 1}, {"password": PASSWORD, "email": None}]
)
def test_what_is_no_password_is_400(strict: FlaskClient, body: dict[str, Any]) -> None:
    refuses(strict.post("/password_strength", json=body), 400, "field_invalid")


def test_it_is_asked_in_a_body_and_never_in_a_url(strict: FlaskClient) -> None:
    refuses(strict.get("/password_strength?password=marzipan"), 405, "method_not_allowed")
    refuses(strict.post("/password_strength?password=marzipan"), 400, "field_invalid")


def test_classic_does_not_know_it(classic: FlaskClient) -> None:
    response = classic.post("/password_strength", json={"password": PASSWORD})
    refuses(response, 404, "route_unknown")


def test_while_one_is_judged_others_get_the_rules_alone(
    strict: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, done, really = Event(), Event(), strength._estimate  # noqa: SLF001 - to hold it up.

    def slowly(password: str, names: tuple[str, ...]) -> strength.Strength:
        held.set()
        assert done.wait(20)
        return really(password, names)

    monkeypatch.setattr(strength, "_estimate", slowly)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, strict.application.test_client(), "marzipan")
        assert held.wait(20)
        second = ask(strict, "password1")
        refusal = strict.post("/users", json={"email": ALICE, "password": "password1"})
        done.set()
    assert (second["rule"], second["score"], second["advice"]) == ("common", None, "")
    refuses(refusal, 400, "password_refused")
    assert first.result()["score"] == 1


def test_the_word_lists_are_read_only_when_somebody_asks() -> None:
    code = (
        "import sys; from vestibule.app import create_app; "
        "sys.exit(any('zxcvbn' in name or 'breach_range' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_only_the_beginning_is_looked_at() -> None:
    base = "marzipan and other words to eat"
    assert estimate(base[:MOST_CHARACTERS]) == estimate(base)


@given(st.text(min_size=1, max_size=60) | st.text("01-/. aA!\n\u0661\u00b2", min_size=1), st.text())
@settings(max_examples=150, derandomize=True, deadline=None, database=None)
def test_whatever_is_typed_has_a_score(password: str, name: str) -> None:
    found = estimate(password, name)
    assert found is not None
    assert 0 <= found.score <= 4


def test_every_sentence_of_zxcvbn_has_words_of_ours() -> None:
    """Also those that no password of these tests brings about; a later version may have others."""
    source = ast.parse(getsource(feedback))
    calls = [node for node in ast.walk(source) if isinstance(node, ast.Call)]
    named = [call for call in calls if getattr(call.func, "id", "") == "_"]
    said = {str(ast.literal_eval(call.args[0])) for call in named}
    assert said == set(KEYS)
    assert keys_of(["This is new.", *KEYS]) == [f"advice.{key}" for key in KEYS.values()]
    for words in Languages().all.values():
        assert all(key in words for key in keys_of(KEYS))


def test_advice_is_in_the_language_of_who_asks(strict: FlaskClient) -> None:
    body = {"password": "Marzipan"}
    french = strict.post("/password_strength", json=body, headers={"Accept-Language": "fr"})
    told = Languages().all["fr"]
    assert french.get_json()["advice"] == f"{told('advice.more_words')} {told('advice.capital')}"
    strict.set_cookie("language", "fr")
    assert ask(strict, "Marzipan")["advice"] == french.get_json()["advice"]


def test_of_nothing_there_is_no_strength_and_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    assert estimate("") is None
    assert caplog.text == ""
