"""A41: whatever is sent to a running server, it answers as its OpenAPI document says."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings

from tests.attacks.people import Person
from tests.service.test_schemathesis import BOUNDED, CHECKS, MODES, can_be_wrong
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.server import Server

# Over HTTP and with true hashes each costs more than in ``tests/service``, which tries more.
FEWER = settings(BOUNDED, max_examples=8)


@pytest.fixture(scope="module", params=[STRICT, CLASSIC])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_schemathesis_finds_nothing(
    target: Server, victim: Person, mode: schemathesis.GenerationMode
) -> None:
    """A41: every operation over HTTP, with what fits the document and with what does not."""
    schema: Any = schemathesis.openapi.from_url(f"{target.url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    if mode == schemathesis.GenerationMode.NEGATIVE:
        operations = [operation for operation in operations if can_be_wrong(operation)]
    cookies = [{"session_id": victim.log_in()}, {}]
    tried = []
    for operation in operations:

        @FEWER
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers_as_described(case: Any) -> None:
            tried.append(case.operation.label)
            cookies.reverse()
            case.call_and_validate(checks=CHECKS, cookies=cookies[0])

        answers_as_described()
    assert len(set(tried)) == len(operations) >= 4
    assert "Traceback" not in target.running.log
    assert '"status": 500' not in target.running.log
