"""A03: what a request says of the service's name never gets into a mail."""

from __future__ import annotations

import html
import re
import socket
from urllib.parse import urlsplit

import pytest

from bench.wire import somewhere
from tests.attacks.people import Person, texts
from tests.conftest import Serve
from tests.stage.server import Server

EVIL = "evil.example.net"
CLAIMS: list[dict[str, str]] = [
    {"Host": EVIL},
    {"Host": f"{EVIL}:443"},
    {"Host": f"localhost@{EVIL}"},
    {"Host": f"localhost.{EVIL}"},
    {"X-Forwarded-Host": EVIL},
    {"X-Forwarded-Host": f"localhost, {EVIL}"},
    {"X-Forwarded-Server": EVIL},
    {"X-Original-Host": EVIL},
    {"X-Host": EVIL},
    {"X-HTTP-Host-Override": EVIL},
    {"Forwarded": f"for=192.0.2.1;host={EVIL};proto=https"},
    {"X-Forwarded-Proto": "javascript", "X-Forwarded-Port": "666"},
    {"X-Forwarded-Prefix": f"//{EVIL}", "X-Script-Name": f"//{EVIL}"},
    {"Origin": "null", "Referer": f"https://{EVIL}/"},
    {"X-Original-URL": f"https://{EVIL}/", "X-Rewrite-URL": f"https://{EVIL}/"},
]


def origins_in(victim: Person) -> set[str]:
    """Scheme, host and port of all that looks like an address in any mail, headers included."""
    said = [text for mail in victim.mails() for text in (*map(str, mail.values()), *texts(mail))]
    text = html.unescape(" ".join(said))
    assert EVIL not in text
    return {
        f"{url.scheme}://{url.netloc}"
        for url in map(urlsplit, re.findall(r"\w+://[^\s\"'<>]+", text))
    }


def whole_address(server: Server, victim: Person) -> bytes:
    """The answer to a request whose first line names another host (RFC 9112 section 3.2.2)."""
    there = urlsplit(server.url)
    body = f"email={victim.email}".encode()
    head = (
        f"POST http://{EVIL}/reset_password HTTP/1.1\r\nHost: {EVIL}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    where = (str(there.hostname), int(there.port or 0))
    with socket.create_connection(where, 10, source_address=(somewhere(), 0)) as connection:
        connection.sendall(head.encode() + body)
        return connection.recv(4096)


@pytest.mark.parametrize("public_url", [None, "https://accounts.example.org"])
def test_links_carry_the_configured_origin_only(server: Serve, public_url: str | None) -> None:
    """A03: without and with a public URL, the headers that proxies and attackers send."""
    running = server(**({"public_url": public_url} if public_url else {}))
    reached = 0
    for claim in CLAIMS:
        victim = Person(running).register()
        answer = victim.ask_reset(headers=claim)
        assert answer.status_code in ((200, 421, 403) if public_url else (200, 403)), claim
        assert EVIL not in answer.text
        reached += answer.status_code == 200
        # By its true name after that, so that there is a mail to look into in any case.
        victim.reset_token()
        assert origins_in(victim) == {public_url or running.url.replace("127.0.0.1", "localhost")}
    assert reached >= 8


def test_a_name_in_the_request_line_changes_nothing(target: Server, victim: Person) -> None:
    """A03: the whole address in the first line, which some servers take for their own."""
    assert b" 200 " in whole_address(target, victim)
    victim.mailed_token()
    assert origins_in(victim) == {target.url.replace("127.0.0.1", "localhost")}
