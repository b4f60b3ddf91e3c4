"""A client's address comes from X-Forwarded-For through trusted proxies, and no other way."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError

from tests.conftest import Build, Serve
from tests.stage.answers import refuses
from tests.stage.profiles import STRICT
from tests.stage.visits import ALICE, PASSWORD, WRONG, register
from vestibule.config import Settings

PROXY = "10.1.2.3"
CREDENTIALS = {"email": ALICE, "password": PASSWORD}


def seen(build: Build, proxies: int, *headers: str, socket: str = PROXY) -> str | None:
    """The address that the service shows for a session that was opened through proxies."""
    client = build(STRICT, trusted_proxies=proxies).test_client()
    client.post("/users", data=CREDENTIALS)
    lines = [("X-Forwarded-For", header) for header in headers]
    client.post("/sessions", data=CREDENTIALS, headers=lines, environ_base={"REMOTE_ADDR": socket})
    ((session),) = client.get("/sessions").get_json()["sessions"]
    return str(session["address"])


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "203.0.113.7", PROXY),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7, 10.1.2.9", "203.0.113.7"),
        (3, "203.0.113.7,10.1.2.8 ,\t10.1.2.9", "203.0.113.7"),
        (10, ", ".join(f"192.0.2.{n}" for n in range(12)), "192.0.2.2"),
    ],
)
def test_the_nth_from_the_right_is_the_client(
    build: Build, proxies: int, header: str, address: str
) -> None:
    assert seen(build, proxies, header) == address


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        ("203.0.113.7:40312", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:40312", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_read_however_a_proxy_writes_it(
    build: Build, entry: str, address: str
) -> None:
    assert seen(build, 1, f"192.0.2.1, {entry}") == address


@pytest.mark.parametrize(
    "entry",
    ["", " ", "unknown", "_hidden", "for=203.0.113.7", "203.0.113", "203.0.113.256", "[2001:db8::1",
     "203.0.113.7 198.51.100.1", "1" * 5000, "::1::", "\N{FULLWIDTH DIGIT ONE}.1.1.1", "%", "["],
)  # fmt: skip
def test_what_is_no_address_leaves_the_sockets(build: Build, entry: str) -> None:
    assert seen(build, 1, f"192.0.2.1,{entry}") == PROXY


def test_fewer_entries_than_proxies_leave_the_sockets(build: Build) -> None:
    assert seen(build, 2, "203.0.113.7") == PROXY


def test_a_request_without_the_header_comes_from_the_socket(build: Build) -> None:
    assert seen(build, 1) == PROXY


def test_no_other_header_names_a_client(build: Build) -> None:
    client = build(STRICT, trusted_proxies=1).test_client()
    register(client)
    others = {"X-Real-IP": "192.0.2.1", "Forwarded": "for=192.0.2.2", "Client-IP": "192.0.2.3"}
    client.post("/sessions", data=CREDENTIALS, headers=others)
    (session,) = client.get("/sessions").get_json()["sessions"]
    assert session["address"] == "127.0.0.1"


def fail(client: FlaskClient, header: str) -> int:
    form = CREDENTIALS | {"password": WRONG}
    return client.post("/sessions", data=form, headers={"X-Forwarded-For": header}).status_code


def test_limits_count_clients_and_not_what_clients_say(build: Build) -> None:
    client = build(STRICT, trusted_proxies=1).test_client()
    register(client)
    for number in range(10):
        assert fail(client, f"192.0.2.{number}, 203.0.113.7") == 401
    assert fail(client, "192.0.2.99, 203.0.113.7") == 429
    assert fail(client, "203.0.113.7, 203.0.113.8") == 401


def test_a_forwarded_loopback_address_is_not_this_machine(build: Build) -> None:
    client = build(STRICT, trusted_proxies=1, public_url="https://auth.example.com").test_client()
    answer = client.get(
        "/",
        headers={"Host": "localhost", "X-Forwarded-For": "127.0.0.1"},
        environ_base={"REMOTE_ADDR": PROXY},
    )
    refuses(answer, 421, "host_unknown")


def test_the_server_reads_headers_in_the_order_of_their_lines(server: Serve) -> None:
    visitor = server(trusted_proxies=2).visitor()
    visitor.post("/users", data=CREDENTIALS)
    line = "192.0.2.1, 203.0.113.7, 10.1.2.9"
    visitor.post("/sessions", data=CREDENTIALS, headers={"X-Forwarded-For": line})
    (session,) = visitor.get("/sessions").json()["sessions"]
    assert session["address"] == "203.0.113.7"


@pytest.mark.parametrize("number", [-1, 11, "many"])
def test_a_number_of_proxies_that_nobody_has_is_refused(number: object) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"trusted_proxies": number})


def test_classic_has_no_proxies() -> None:
    with pytest.raises(ValidationError, match="classic"):
        Settings.model_validate({"trusted_proxies": 1, "profile": "classic"})
