"""A mail is queued in the transaction that is its cause, and delivered once that has committed."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.stage.visits import ALICE, front_desk, register
from vestibule.auth.tokens import RESET


class Regret(Exception):
    """Why a transaction is rolled back."""


@pytest.fixture
def service(strict: FlaskClient) -> Flask:
    """An application with one account."""
    register(strict)
    return strict.application


def add(app: Flask, *, regret: bool = False) -> bool:
    """Queue a mail in a transaction; whether the worker was woken before that committed."""
    auth = front_desk(app)
    with auth._db.begin() as tx:  # noqa: SLF001 - the cause of a mail is a flow of the front desk.
        auth.outbox.add(tx, RESET, ALICE)
        if regret:
            raise Regret
        return auth.outbox.queued.is_set()


def test_the_worker_is_woken_after_the_commit_and_not_before(service: Flask) -> None:
    assert add(service) is False
    assert front_desk(service).outbox.queued.is_set()
    assert front_desk(service).outbox.deliver_due() == 1


def test_a_cause_that_is_rolled_back_sends_nothing_and_wakes_nobody(service: Flask) -> None:
    with pytest.raises(Regret):
        add(service, regret=True)
    assert not front_desk(service).outbox.queued.is_set()
    assert front_desk(service).outbox.deliver_due() == 0
