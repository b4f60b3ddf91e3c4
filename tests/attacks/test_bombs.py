"""A42: bodies made to use up memory or time are refused, and leave no trace."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import requests

from tests.attacks.memory import flat
from tests.attacks.people import Person, browser
from tests.attacks.routes import FORM, JSON, Route, routes
from tests.stage.server import Server

MULTIPART = "multipart/form-data; boundary=b"
REFUSED = (400, 401, 403, 413, 415)


def parts(many: int, of: int = 1) -> bytes:
    """As many parts of a multipart body, each of so many bytes."""
    part = b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + b"x" * of + b"\r\n"
    return part * many + b"--b--\r\n"


def deep(opening: str, closing: str, levels: int) -> bytes:
    """JSON within JSON within JSON."""
    return (f'{{"email":{opening * levels}0{closing * levels},"password":"x"}}').encode()


# What kind of body, and its bytes. Those of 10 MB are sent whole, as an attacker would.
BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "many parts": (MULTIPART, lambda: parts(1000)),
    "parts that fill the limit": (MULTIPART, lambda: parts(900)[:65000]),
    "one part of 10 MB": (MULTIPART, lambda: parts(1, 10_000_000)),
    # Werkzeug before 2.2.3 and 3.0.1: a part that is all line ends takes minutes (CVE-2023-46136).
    "a part of line ends": (MULTIPART, lambda: parts(1)[:-8] + b"\r" * 60_000),
    "a file": (MULTIPART, lambda: parts(2).replace(b"email", b'email"; filename="f')),
    "headers without end": (MULTIPART, lambda: b"--b\r\n" + b"X: y\r\n" * 10_000),
    "no boundary at all": (MULTIPART, lambda: b"x" * 65_000),
    "a boundary of 10 kB": (f"multipart/form-data; boundary={'b' * 10_000}", lambda: b"--b" * 9000),
    "deep arrays": (JSON, lambda: deep("[", "]", 30_000)),
    "deep objects": (JSON, lambda: deep('{"a":', "}", 9_000)),
    "never closed": (JSON, lambda: b"[" * 65_000),
    "a huge number": (JSON, lambda: b'{"email":' + b"9" * 60_000 + b',"password":"x"}'),
    "a huge exponent": (JSON, lambda: b'{"email":1e999999999,"password":"x"}'),
    "one name again and again": (JSON, lambda: b"{" + b'"email":"a",' * 5000 + b'"email":0}'),
    "names that share a hash": (
        JSON,
        lambda: json.dumps({f"{n}" * 9: n for n in range(3000)}).encode(),
    ),
    "10 MB of JSON": (JSON, lambda: b'{"email":"' + b"x" * 10_000_000 + b'"}'),
    "10 MB of form": (FORM, lambda: b"email=" + b"x" * 10_000_000),
    "many fields": (FORM, lambda: b"a=b&" * 16_000),
    "10 MB of nothing said": ("", lambda: b"\0" * 10_000_000),
    "10 MB of another kind": ("application/xml", lambda: b"<a>" * 3_300_000),
    "entities": ("application/xml", lambda: b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    "compressed": (JSON, lambda: b"\x1f\x8b" + b"\0" * 1000),
}
WRONG_TYPES: list[object] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    [],
    {},
    ["a@example.com"],
    {"a": "b"},
    [[[]]],
]


def taking_a_body(server: Server) -> list[Route]:
    found = [route for route in routes(server) if route.example]
    assert len(found) >= 5
    return found


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused(target: Server, bomb: str) -> None:
    """A42: at every route that takes a body; memory stays as it was."""
    kind, make = BOMBS[bomb]
    body = make()
    with browser(target) as attacker:
        attacker.post("/users", data=parts(2), headers={"Content-Type": MULTIPART})
        with flat(target):
            for route in taking_a_body(target):
                answer = thrown(attacker, route, kind, body)
                # A language that there is none of is not worth a refusal: it leads back.
                ignored = (303,) if route.path == "/language" else ()
                fine = answer is None or answer.status_code in (*REFUSED, *ignored)
                assert fine, (route.label, answer)
                assert attacker.get("/healthz").status_code == 200


def thrown(
    attacker: requests.Session, route: Route, kind: str, body: bytes
) -> requests.Response | None:
    """The answer; none where the server hung up on who would not stop talking."""
    headers = {"Content-Type": kind} if kind else {}
    try:
        return attacker.request(route.method, route.path, data=body, headers=headers)
    except requests.ConnectionError:
        assert len(body) > 1024 * 1024
        return None


def test_wrong_types_are_refused(target: Server, victim: Person) -> None:
    """A42: every field of every body as everything but text."""
    with browser(target) as attacker, flat(target):
        for route in taking_a_body(target):
            if JSON not in route.kinds:
                continue
            for field in route.example:
                for value in WRONG_TYPES:
                    fields = json.dumps(route.example | {field: value})
                    headers = {"Content-Type": JSON}
                    answer = attacker.request(
                        route.method, route.path, data=fields, headers=headers
                    )
                    assert answer.status_code in REFUSED, (route.label, field, value)
    assert victim.try_login().status_code == 200
