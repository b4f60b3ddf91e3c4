"""A32, A33: what no passkey signed here opens nothing, nor does somebody else's passkey."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.attacks.people import Person, browser, holding, opens
from tests.attacks.test_second_factors import half
from tests.stage.passkeys import UP, UV, Sent, SoftPasskey, b64, key_pair
from tests.stage.secrecy import remember
from tests.stage.server import Server, Visitor

AT_ONCE = 8
FORGED: dict[str, Sent] = {
    "origin": {"origin": "https://evil.example"},
    "domain": {"rp": "evil.example"},
    "type": {"type": "webauthn.create"},
    "nobody there": {"flags": UV},
    "nobody known": {"flags": UP},
    "key": {"key": key_pair()},
    "challenge": {"challenge": b64(bytes(32))},
    "frame": {"crossOrigin": True, "topOrigin": "https://evil.example"},
    "somebody else": {"handle": b64(bytes(16))},
}


def asked(visitor: Visitor, path: str, body: Any = None) -> Sent:
    answer = visitor.post(path, json=body)
    assert answer.status_code == 200, answer.text
    made: Sent = answer.json()
    return made


def add(person: Person, *, counts: bool = False) -> SoftPasskey:
    """Add a passkey to somebody's account, which must work."""
    person.log_in()
    origin = f"http://localhost:{urlsplit(person.server.url).port}"
    passkey = SoftPasskey(origin=origin, counts=counts)
    wanted = asked(person.browser, "/factors/passkeys/challenge")
    sent = {"ticket": wanted["ticket"], "credential": passkey.create(wanted["publicKey"])}
    answer = person.browser.post("/factors/passkeys", json=sent)
    assert answer.status_code == 200, answer.text
    for code in answer.json()["recovery_codes"]:
        remember(code)
    return passkey


def show(visitor: Visitor, passkey: SoftPasskey, purpose: str = "login", **forged: Any) -> int:
    wanted = asked(visitor, "/sessions/passkey/challenge", {"purpose": purpose})
    shown = passkey.get(wanted["publicKey"], **forged)
    sent = {"ticket": wanted["ticket"], "credential": shown}
    return visitor.post("/sessions/passkey", json=sent).status_code


@pytest.fixture
def passkey(victim: Person) -> SoftPasskey:
    return add(victim)


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_assertion_opens_nothing(target: Server, passkey: SoftPasskey, how: str) -> None:
    """A32: each field, signed as it says or not."""
    with browser(target) as thief:
        assert show(thief, passkey, **FORGED[how]) == 401
        assert "session_id" not in thief.cookies
        assert show(thief, passkey) == 200, "but for that it was right"


def test_an_assertion_opens_once_on_both_processes(target: Server, passkey: SoftPasskey) -> None:
    """A32, replayed: at the same moment, and later."""
    with browser(target) as ask:
        wanted = asked(ask, "/sessions/passkey/challenge", {"purpose": "login"})
        held = ask.cookies["ceremony"]
    sent = {"ticket": wanted["ticket"], "credential": passkey.get(wanted["publicKey"])}

    def replay(_: int) -> int:
        with browser(target) as thief:
            thief.cookies.set("ceremony", held)
            return thief.post("/sessions/passkey", json=sent).status_code

    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = sorted(threads.map(replay, range(AT_ONCE)))
    assert found == [200] + [403] * (AT_ONCE - 1)
    assert replay(0) == 403


def test_an_assertion_is_for_the_browser_that_asked(target: Server, passkey: SoftPasskey) -> None:
    """A32: or a thief could have it signed elsewhere, and a victim logged in as somebody else."""
    with browser(target) as ask, browser(target) as other:
        wanted = asked(ask, "/sessions/passkey/challenge", {"purpose": "login"})
        sent = {"ticket": wanted["ticket"], "credential": passkey.get(wanted["publicKey"])}
        assert other.post("/sessions/passkey", json=sent).status_code == 403


def test_a_copy_is_betrayed_by_its_count(target: Server, victim: Person) -> None:
    """A32, regressed counter."""
    passkey = add(victim, counts=True)
    with browser(target) as owner, browser(target) as thief:
        assert [show(owner, passkey) for _ in range(2)] == [200, 200]
        assert [show(thief, passkey, count=count) for count in (2, 1, 0)] == [401] * 3
        assert show(owner, passkey) == 200


def test_somebody_elses_passkey_proves_nothing(
    target: Server, victim: Person, attacker: Person, passkey: SoftPasskey
) -> None:
    """A33: with a copied session, for step-up; and for the factor that a stolen password owes."""
    own, copied = add(attacker), str(victim.browser.cookies["session_id"])
    with holding(target, copied) as thief:
        assert show(thief, own, "proof") == 401
        assert show(thief, own, "proof", handle=passkey.handle) == 401
        assert show(thief, own, "proof", raw_id=passkey.id, handle=passkey.handle) == 401
        # What the thief's own session was asked for.
        wanted = asked(attacker.browser, "/sessions/passkey/challenge", {"purpose": "proof"})
        sent = {"ticket": wanted["ticket"], "credential": own.get(wanted["publicKey"])}
        assert thief.post("/sessions/passkey", json=sent).status_code == 403
    with holding(target, half(victim)) as thief:
        assert show(thief, own, "factor") == 401
        assert thief.get("/profile").status_code == 403
    assert opens(target, copied), "and nobody was logged out by it"
