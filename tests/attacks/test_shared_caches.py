"""A27: nothing personal can be kept by a cache and handed to somebody else."""

from __future__ import annotations

import pytest
import requests

from tests.attacks.people import Person, browser
from tests.attacks.routes import routes
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.server import Server


@pytest.fixture(scope="module", params=[STRICT, CLASSIC])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def uncacheable(answer: requests.Response) -> bool:
    """Whether RFC 9111 forbids every cache to keep it, and none may mix up whose it is."""
    kept = {part.strip() for part in answer.headers.get("Cache-Control", "").split(",")}
    varies = {part.strip().lower() for part in answer.headers.get("Vary", "").split(",")}
    return "no-store" in kept and "public" not in kept and "cookie" in varies


# What an operator chose, the same for everybody.
FOR_ALL = {"GET /theme/logo"}


def test_no_answer_may_be_kept(target: Server, victim: Person) -> None:
    """A27: of every route, as somebody and as nobody, refusals included."""
    victim.log_in()
    for route in routes(target):
        # Last, because it ends the session.
        if route.label == "DELETE /sessions":
            continue
        for visitor in (victim.browser, browser(target)):
            for headers in (
                {},
                {"Accept": "text/html"},
                {"If-None-Match": "*", "Range": "bytes=0-"},
            ):
                answer = route.ask(visitor, headers=headers)
                if route.label in FOR_ALL:
                    assert not answer.cookies
                    assert victim.email not in answer.text
                    continue
                assert uncacheable(answer), (route.label, answer.status_code)
    assert uncacheable(victim.browser.delete("/sessions"))


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/profile/style.css", "/profile;a.css", "/profile%2fa.js", "/sessions.json"],
)
def test_a_path_that_looks_like_a_file_is_not_a_profile(
    target: Server, victim: Person, path: str
) -> None:
    """A27: web cache deception, where a cache goes by the ending of the path."""
    victim.log_in()
    answer = victim.browser.get(path)
    assert victim.email not in answer.text
    assert answer.status_code in (403, 404)
    assert uncacheable(answer)


def test_a_cookie_is_set_by_logging_in_alone(target: Server, victim: Person) -> None:
    """A27: an answer that sets a session anew at each request would be kept with it."""
    victim.log_in()
    for route in routes(target):
        if route.method == "GET":
            assert "Set-Cookie" not in route.ask(victim.browser).headers, route.label
