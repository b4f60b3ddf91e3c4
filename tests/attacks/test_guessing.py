"""A18, A20, A21: guessing is throttled, whoever guesses for whom, and shuts out no owner."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import pytest

from bench.wire import somewhere
from tests.attacks.people import Person, browser
from tests.conftest import Serve
from tests.stage.visits import WRONG

# Far more than anybody is allowed; ``make test-load`` tries the ten thousand of the catalogue.
PAIRS = 300
NUMBERS = count(1)


@pytest.fixture(scope="module")
def limits() -> dict[str, Any]:
    """As the service comes."""
    return {}


def stuffed(victim: Person, **headers: str) -> int:
    """The answer to the next pair of a list, for an account that nobody tried yet."""
    pair = {"email": f"stuffed{next(NUMBERS)}@example.com", "password": WRONG}
    return victim.browser.post("/sessions", data=pair, headers=headers).status_code


def test_a_list_of_pairs_from_one_address_is_throttled(victim: Person) -> None:
    """A18: each account is tried once, so that no limit of an account is reached."""
    found = Counter(stuffed(victim) for _ in range(PAIRS))
    assert found.keys() == {401, 429}
    assert found[401] <= 100


def test_a_list_of_pairs_from_one_network_is_throttled(server: Serve) -> None:
    """A18: another address of one customer's IPv6 network for each pair."""
    attacker = Person(server(trusted_proxies=1))
    found = Counter(
        stuffed(attacker, **{"X-Forwarded-For": f"2001:db8:1:2:{n:x}::{n:x}"}) for n in range(PAIRS)
    )
    assert found.keys() == {401, 429}
    assert found[401] <= 100
    assert stuffed(attacker, **{"X-Forwarded-For": "2001:db8:1:3::1"}) == 401


def test_spellings_of_one_address_share_one_count(victim: Person) -> None:
    """A20: whichever spelling leads to the account, and however they are mixed."""
    name, _, domain = victim.email.partition("@")
    spellings = [
        *(victim.email, victim.email.upper(), victim.email.title(), f"{name}@EXAMPLE.com"),
        *(victim.email.replace("e", "\uff45"), f" {victim.email}", f"{victim.email} "),
        *(f"{name}@{domain}.", f"{name[:4]}.{name[4:]}@{domain}", f"{name}+a@{domain}"),
        *(f"{name}@\uff45xample.com", f"{name}@example\u3002com", f"{name}\u200b@{domain}"),
    ]
    leading = [each for each in spellings if leads_to(victim, each)]
    assert len(leading) >= 5
    attempts = [each for _ in range(4) for each in leading]
    with browser(victim.server) as attacker:
        found = [
            attacker.post("/sessions", data={"email": each, "password": WRONG}).status_code
            for each in attempts
        ]
    assert Counter(found) == {401: 10, 429: len(attempts) - 10}


def leads_to(victim: Person, spelling: str) -> bool:
    """Whether the right password and this spelling open the account."""
    with browser(victim.server) as owner:
        form = {"email": spelling, "password": victim.password}
        return owner.post("/sessions", data=form).status_code == 200


def test_the_owner_enters_while_others_fail_on_purpose(victim: Person) -> None:
    """A21: from everywhere, until the account is shut to strangers; the owner's device is none."""
    victim.log_in()
    assert victim.browser.delete("/sessions").status_code == 302
    found: Counter[int] = Counter()
    for _ in range(15):
        with browser(victim.server) as attacker:
            for _ in range(10):
                answer = attacker.post("/sessions", data=victim.credentials(WRONG))
                found[answer.status_code] += 1
    assert found.keys() == {401, 429}
    assert found[401] <= 100
    assert victim.try_login().status_code == 429, "it is shut to strangers, knowing or not"
    assert victim.browser.post("/sessions", data=victim.credentials()).status_code == 200
    # And from anywhere, once the owner showed to read the mail.
    assert victim.set_password(victim.reset_token()).status_code == 200
    assert victim.try_login("marzipan at dusk").status_code == 200


@pytest.mark.parametrize("forged", ["", "x", "1", "true", "eyJhIjoxfQ.x.y", "victim"])
def test_a_device_is_not_known_by_saying_so(victim: Person, forged: str) -> None:
    """A21: nor does another's device stand for the owner's."""
    other = Person(victim.server).register()
    other.log_in()
    cookies = {name: value for name, value in other.browser.cookies.items() if "device" in name}
    assert cookies
    used = dict.fromkeys(cookies, forged) if forged != "victim" else cookies
    statuses = []
    for _ in range(2):
        with browser(victim.server, somewhere()) as attacker:
            for _ in range(11):
                form = victim.credentials(WRONG)
                answer = attacker.post("/sessions", data=form, cookies=used)
                statuses.append(answer.status_code)
    assert statuses == ([401] * 10 + [429]) * 2
