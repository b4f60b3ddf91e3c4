"""A15, A16, A17: a password counts in full, never costs more than it may, and is never none."""

from __future__ import annotations

import pytest

from tests.attacks.memory import flat
from tests.attacks.people import Person, browser
from tests.attacks.routes import routes
from tests.attacks.storage import ask
from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.server import Server

START = "marzipan ".ljust(72, "m")
PAIRS = {
    "over 72 bytes": (f"{START}one", f"{START}two"),
    "at 72 bytes": (START, f"{START}x"),
    "in the middle of a letter": (
        "marzipan" + "\u00e9" * 40,
        "marzipan" + "\u00e9" * 39 + "\u00ea",
    ),
    "after a null byte": ("marzipan\0 one", "marzipan\0 two"),
    "only by case": ("marzipan AT noon", "marzipan at NOON"),
    "only by a space at the end": ("marzipan at noon", "marzipan at noon "),
    "at 1,024 characters": (f"{START * 14}x"[:1024].ljust(1024, "y"), f"{START * 14}x"[:1023]),
}


@pytest.fixture(scope="module", params=[STRICT, CLASSIC])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("which", PAIRS)
def test_passwords_that_begin_alike_are_two(target: Server, which: str) -> None:
    """A15: what bcrypt reads of them is the same, and yet the second is wrong."""
    person = Person(target)
    person.password, other = PAIRS[which]
    person.register()
    assert person.try_login(other).status_code == 401
    assert person.try_login().status_code == 200


@pytest.mark.parametrize("which", PAIRS)
def test_nor_are_they_one_after_a_reset(target: Server, victim: Person, which: str) -> None:
    """A15: the same at the other door by which a password comes in."""
    new, other = PAIRS[which]
    assert victim.set_password(victim.reset_token(), new).status_code == 200
    assert victim.try_login(other).status_code == 401
    assert victim.try_login(new).status_code == 200


def test_a_hundred_passwords_of_a_megabyte_leave_no_trace(target: Server) -> None:
    """A16: at every route that takes one. How fast they are refused is for ``make test-load``."""
    taking = [
        (route, field) for route in routes(target) for field in route.example if "password" in field
    ]
    assert len(taking) >= 4
    with browser(target) as attacker, flat(target):
        for number in range(100):
            route, field = taking[number % len(taking)]
            answer = route.ask(attacker, route.example | {field: "marzipan" * 131072})
            assert answer.status_code in (400, 413), route.label


@pytest.mark.parametrize(
    "nothing", ["", "!", "*", "x", "!marzipan", "None", "$2b$12$", "$argon2id$"]
)
def test_no_password_opens_an_account_that_has_none(
    target: Server, victim: Person, nothing: str
) -> None:
    """A17: as an account of single sign-on would be stored, by whichever habit."""
    ask(target, "UPDATE users SET hashed_password = ? WHERE email = ?", nothing, victim.email)
    for password in ("", " ", nothing or "null", victim.password):
        for kind in ("data", "json"):
            fields = {"email": victim.email, "password": password}
            with browser(target) as attacker:
                answer = attacker.post("/sessions", **{kind: fields})  # type: ignore[arg-type]
            assert answer.status_code == 401, (password, kind)
            assert not answer.cookies
    with browser(target) as attacker:
        absent = attacker.post("/sessions", json={"email": victim.email, "password": None})
    assert absent.status_code == 401
