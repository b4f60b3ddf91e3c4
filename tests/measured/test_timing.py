"""A12: how long an answer takes does not tell whether an address has an account.

Two thousand addresses that have one and two thousand that have none are asked about, each once,
interleaved, one after the other: nothing else is in the figures than the difference, which is
what an attacker would look for too. Hashes are those of the service.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from bench.wire import Line, request
from tests.attacks.people import Person
from tests.attacks.storage import ask, copy_account
from tests.conftest import Serve
from tests.measured.auc import area_under_curve
from tests.stage.server import Server
from vestibule.config import Settings

EACH = int(os.environ.get("TIMED_OF_EACH", "2000"))
REGISTERED = "login after registering"
LOWEST, HIGHEST = 0.45, 0.55
# Requests that come from one address on the network: fewer than any limit by origin.
FROM_ONE_PLACE = 20
# Limits of a place, and of everybody together; those of an account stay.
UNLIMITED = {
    name: 0 for name in Settings.model_fields if name.endswith(("_per_origin", "_per_hour"))
}


@pytest.fixture(scope="module")
def target(start: Serve) -> Server:
    """A server that conceals accounts, and limits each as ever, but not everybody together."""
    concealed = {"require_verified": "true", "conceal_accounts": "true"}
    return start(log_level="warning", **concealed, **UNLIMITED)


@pytest.fixture(scope="module")
def known(target: Server) -> list[str]:
    """Addresses that have an account."""
    first = Person(target).register()
    ask(target, "UPDATE users SET verified_at = created_at, pending_until = NULL")
    return [copy_account(target, first.email, f"known{n:04}@example.com") for n in range(EACH)]


def questions(attack: str, email: str) -> list[bytes]:
    """What is asked about an address; the last is the one that is timed."""
    if attack == "reset":
        return [request("POST", "/reset_password", email=email)]
    asked = {"login": ["/sessions"], "register": ["/users"]}.get(attack, ["/users", "/sessions"])
    form = {"email": email, "password": "marzipan and patience"}
    return [request("POST", path, **form) for path in asked]


def interleaved(known: list[str], unknown: list[str]) -> Iterator[tuple[str, bool]]:
    """One of each, in an order that nobody can foresee."""
    chance = random.SystemRandom()
    for pair in zip(known, unknown, strict=True):
        order = [(pair[0], True), (pair[1], False)]
        chance.shuffle(order)
        yield from order


def measured(target: Server, attack: str, known: list[str]) -> dict[bool, list[Any]]:
    """What was answered, and when, about known (``True``) and unknown addresses."""
    # As long as the known ones, and new each time: a registration makes them known.
    mark = secrets.token_hex(2)
    unknown = [f"{mark}x{n:04}@example.com" for n in range(len(known))]
    answers: dict[bool, list[Any]] = {True: [], False: []}
    asked = list(interleaved(known, unknown))
    for start in range(0, len(asked), FROM_ONE_PLACE):
        with Line(target.url) as line:
            # The first request of a connection takes longer than the others.
            line.ask(request("GET", "/healthz"))
            for email, has_account in asked[start : start + FROM_ONE_PLACE]:
                answers[has_account].append(
                    [line.ask(each) for each in questions(attack, email)][-1]
                )
    return answers


@pytest.mark.parametrize("attack", ["login", "reset", "register", REGISTERED])
def test_time_tells_nothing(target: Server, known: list[str], attack: str) -> None:
    """A12: the area under the curve of a classifier, of which 0.5 is a coin.

    Who registers an address and logs in knows the password if nobody had it before, and of an
    account that waits for its owner; the answer is the same as to a wrong password elsewhere.
    """
    answers = measured(target, attack, known)
    statuses = {has: {answer.status for answer in found} for has, found in answers.items()}
    assert statuses[True] == statuses[False]
    assert len(statuses[True]) == 1
    assert statuses[True] <= {200, 401}
    times = {has: [answer.seconds for answer in found] for has, found in answers.items()}
    found = area_under_curve(times[True], times[False])
    medians = [sorted(times[has])[EACH // 2] * 1000 for has in (True, False)]
    verdict = "holds" if LOWEST <= found <= HIGHEST else "BROKEN"
    print(  # noqa: T201 - it is what this is for.
        f"\nA12   {attack}, {EACH} known and {EACH} unknown: AUC {found:.3f}, promised "
        f"{LOWEST}-{HIGHEST}: {verdict}; medians {medians[0]:.2f} and {medians[1]:.2f} ms",
        flush=True,
    )
    assert LOWEST <= found <= HIGHEST


def test_a_difference_would_be_found() -> None:
    """A12: where one kind takes a fifth of the spread longer, the measure says so."""
    chance = random.Random(4)  # noqa: S311 - the same each time.
    ones = [chance.gauss(1.2, 1) for _ in range(EACH)]
    others = [chance.gauss(1.0, 1) for _ in range(EACH)]
    assert area_under_curve(ones, others) > HIGHEST
    assert LOWEST < area_under_curve(others, [*others]) < HIGHEST
    assert area_under_curve([2, 3], [1, 1]) == 1
    assert area_under_curve([1, 1], [2, 3]) == 0
    assert area_under_curve([1, 2], [1, 2]) == 0.5
