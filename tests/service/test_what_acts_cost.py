"""What each act costs the database: how many transactions, and how many statements in them.

It is counted, not timed. Each transaction that writes waits for the disk once; each statement is a
round trip to a server. Who adds one finds it here, and says what it is for.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stage.acts import link_to_verify
from tests.stage.databases import on_both_databases
from tests.stage.profiles import only_strict
from tests.stage.statements import asked
from tests.stage.visits import (
    ALICE,
    BOB,
    WRONG,
    log_in,
    register,
    reset_token,
    set_password,
    try_login,
    visitor,
)

pytestmark = [only_strict, on_both_databases]
Ask = Callable[[FlaskClient, str], TestResponse]
# The act, and its transactions that only read, those that write, and the statements in all.
ACTS: dict[str, tuple[Ask, tuple[int, int, int]]] = {
    # Looked at what it counts as; counted; and made, with its row in the audit trail.
    "register": (lambda client, _: register(client, BOB), (1, 2, 9)),
    "log in": (lambda client, _: try_login(visitor(client.application)), (3, 2, 11)),
    # Known by a cookie: it is looked up who knows it, too.
    "log in again": (lambda client, _: try_login(client), (4, 2, 13)),
    # Refusals are written down later, many together.
    "fail to log in": (
        lambda client, _: try_login(visitor(client.application), ALICE, WRONG),
        (2, 1, 3),
    ),
    "log out": (lambda client, _: client.delete("/sessions"), (0, 1, 4)),
    "ask for a reset": (
        lambda client, _: client.post("/reset_password", data={"email": ALICE}),
        (2, 2, 8),
    ),
    "reset": (set_password, (2, 1, 13)),
}
READING = (
    *("/", "/healthz", "/readyz", "/openapi.json", "/profile", "/sessions/verify", "/sessions"),
    *("/factors", "/sessions/factor"),
    *("/profile/activity", "/profile/export", "/reset_password/new?token={token}"),
    *("/register", "/login", "/account/confirm", "/account", "/account/password", "/account/email"),
    *(
        "/account/factors",
        "/account/factors/otp/remove",
        "/account/factors/passkeys/0",
        "/account/factors/password",
        "/account/sessions",
        "/account/activity",
        "/account/export",
        "/account/delete",
    ),
    *("/verify_email?token={token}", "/profile/email/confirm?token={token}"),
)


@pytest.fixture
def alice(client: FlaskClient) -> FlaskClient:
    """Alice, on a device that she logged in on."""
    register(client)
    log_in(client)
    return client


@pytest.mark.parametrize("act", ACTS)
def test_an_act_costs_so_many_transactions_and_statements(alice: FlaskClient, act: str) -> None:
    ask, counts = ACTS[act]
    token = reset_token(alice)
    with asked() as found:
        assert ask(alice, token).status_code in (200, 302, 401)
    assert found.counts == counts, "\n".join(found.statements)


@pytest.mark.parametrize("path", READING)
def test_who_only_looks_writes_nothing(alice: FlaskClient, path: str) -> None:
    token = link_to_verify(alice) if "verify_email" in path else reset_token(alice)
    with asked() as found:
        assert alice.get(path.format(token=token)).status_code < 500
    assert found.writing == 0
    assert {statement.split()[0] for statement in found.statements} <= {"SELECT"}
