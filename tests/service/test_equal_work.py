"""Where accounts are concealed, the database is asked the same whether an address has one or not.

Statements are counted, not timed: ``make test-timing`` does that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import Build
from tests.stage.databases import on_both_databases
from tests.stage.profiles import STRICT
from tests.stage.raw import rows
from tests.stage.statements import asked
from tests.stage.visits import ALICE, PASSWORD, WRONG, register, try_login

pytestmark = on_both_databases

NOBODY = "nobody@example.com"
ASK: dict[str, Callable[[FlaskClient, str], TestResponse]] = {
    "reset": lambda client, email: client.post("/reset_password", data={"email": email}),
    "login": lambda client, email: try_login(client, email, WRONG),
    "registration": lambda client, email: client.post(
        "/users", data={"email": email, "password": PASSWORD}
    ),
}


@pytest.fixture
def concealed(build: Build) -> FlaskClient:
    """A visitor of a service that tells nobody who has an account; Alice has."""
    client = build(STRICT, require_verified=True, conceal_accounts=True).test_client()
    register(client)
    return client


def work(statements: list[str]) -> Counter[str]:
    """How many statements of each kind; to write a row anew is as much as to write a new one."""
    kinds = (statement.split()[0] for statement in statements)
    return Counter("write" if kind in ("INSERT", "UPDATE") else kind for kind in kinds)


@pytest.mark.parametrize("state", ["verified", "not verified yet"])
@pytest.mark.parametrize("way", ASK)
def test_known_and_unknown_cost_the_same_statements(
    concealed: FlaskClient, way: str, state: str
) -> None:
    if state == "verified":
        rows(
            concealed.application, "UPDATE users SET verified_at = created_at, pending_until = NULL"
        )
    with asked() as of_known:
        known = ASK[way](concealed, ALICE)
    with asked() as of_unknown:
        unknown = ASK[way](concealed, NOBODY)
    assert known.status_code == unknown.status_code
    assert known.data.replace(ALICE.encode(), b"") == unknown.data.replace(NOBODY.encode(), b"")
    assert len(of_known.statements) >= 3
    assert work(of_known.statements) == work(of_unknown.statements)
