"""A28: who reads the whole database, and everything beside it, can do nothing with it."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

from tests.attacks.people import Person, browser
from tests.attacks.storage import stored, values
from tests.conftest import Serve
from tests.stage.raw import is_on_postgresql
from tests.stage.server import Server, Visitor
from tests.stage.visits import NEW_PASSWORD

# Anything that could be a secret in the bytes: a UUID, a digest, a token in base64.
SHAPES = re.compile(rb"[0-9A-Za-z_\-+/=]{20,200}")


def shaped(digits: str) -> str:
    """The first 32 hexadecimal digits as the UUID that session ids and tokens look like."""
    return str(UUID(digits[:32]))


def transforms(value: str) -> Iterator[str]:
    """What an attacker would make of a stored value before giving up."""
    raw = value.encode("utf-8", "surrogatepass")
    yield from (value, value.upper(), value.lower(), value[::-1], value.replace("-", ""))
    for name in ("md5", "sha256"):
        digits = hashlib.new(name, raw, usedforsecurity=False).hexdigest()
        yield from (digits, shaped(digits))
    yield base64.b64encode(raw).decode()
    with suppress(ValueError):
        yield from (shaped(value), shaped(value[-32:]), shaped(value[::-1]))
        yield base64.urlsafe_b64encode(bytes.fromhex(value)).rstrip(b"=").decode()
        yield hashlib.sha256(bytes.fromhex(value)).hexdigest()
    with suppress(ValueError):
        yield base64.b64decode(raw, validate=True).decode()


def candidates(server: Server) -> set[str]:
    """Every value of every column, every word of every file, and what they turn into."""
    words = {found.decode() for found in SHAPES.findall(stored(server))}
    found = {form for value in words | set(values(server)) for form in transforms(value)}
    # What cannot be a header, no thief can send.
    return {form for form in found if form.isprintable() and form.isascii() and len(form) < 300}


def tried(thief: Visitor, value: str) -> list[int]:
    """The answers to who presents this value as each kind of secret."""
    cookie = thief.get("/profile", headers={"Cookie": f"session_id={value}"})
    bearer = thief.get("/profile", headers={"Authorization": f"Bearer {value}"})
    link = thief.get("/reset_password", params={"token": value})
    return [answer.status_code for answer in (cookie, bearer, link)]


def a_lived_in_server(server: Serve) -> Person:
    """A server whose owner logged in, reset, asked for a reset again, and keeps backups."""
    running = server(workers=1)
    victim = Person(running).register()
    victim.log_in()
    assert victim.set_password(victim.reset_token()).status_code == 200
    victim.password = NEW_PASSWORD
    victim.log_in()
    victim.reset_token()
    if not is_on_postgresql(running):
        shutil.copy(running.data / "vestibule.db", running.data / "copied.backup")
    return victim


def test_nothing_stored_opens_a_session_or_resets_a_password(server: Serve) -> None:
    """A28: every stored value and its simple transforms, as cookie, bearer and token."""
    victim = a_lived_in_server(server)
    found = candidates(victim.server)
    assert victim.email in found
    assert len(found) > 50
    with browser(victim.server) as thief:
        opened = {value for value in found if tried(thief, value) != [403, 403, 403]}
    assert opened == set()


def test_a_stored_hash_is_no_password(server: Serve) -> None:
    """A28: "pass the hash": what is stored of a password is not accepted in its place."""
    victim = a_lived_in_server(server)
    hashes = [value for value in values(victim.server) if value.startswith("$")]
    assert hashes
    for hashed in hashes:
        assert victim.try_login(hashed).status_code == 401
        assert victim.try_login(hashed.rpartition("$")[2]).status_code == 401


def test_the_mails_are_for_the_services_own_eyes(server: Serve) -> None:
    """A28: without SMTP a mail is a file, and holds what a mail must hold: nobody else reads it."""
    victim = a_lived_in_server(server)
    folder = victim.server.data / "mail"
    assert folder.stat().st_mode & 0o077 == 0
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0
    for path in victim.server.data.glob("vestibule.db*"):
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_this_search_would_find_a_secret(server: Serve) -> None:
    """A28: the live token in the mail, given to the thief, is told from all that is stored."""
    victim = a_lived_in_server(server)
    with browser(victim.server) as thief:
        assert tried(thief, victim.mailed_token(2)) == [403, 403, 200]
        assert tried(thief, victim.log_in()) == [200, 200, 403]
