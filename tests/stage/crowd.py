"""Many visitors of a real server at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import requests

from tests.stage.server import Server, Visitor

Result = TypeVar("Result")


def at_once(many: int, act: Callable[[int], Result]) -> list[Result]:
    """What ``act`` of each number returns, all of them begun together."""
    gate = Barrier(many)

    def begin(number: int) -> Result:
        gate.wait(30)
        return act(number)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(begin, range(many)))


def crowd(
    server: Server, many: int, ask: Callable[[Visitor, int], requests.Response]
) -> list[requests.Response]:
    """The answers to many visitors who ask together."""

    def visit(number: int) -> requests.Response:
        with server.visitor() as visitor:
            return ask(visitor, number)

    return at_once(many, visit)
