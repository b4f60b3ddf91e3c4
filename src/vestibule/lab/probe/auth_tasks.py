"""Tasks 4 to 18 without the routes: the rules of ``Auth``."""

from __future__ import annotations

import ast
import importlib
import uuid
from pathlib import Path
from typing import Any

from .verdict import equal, raises, true
from .world import World, cheap_hashes, inside, takes

EMAIL = "me@example.com"
OTHER = "you@example.com"
PASSWORD = "mySecuredPwd"  # noqa: S105 - of an account that lives for a second


def opens(hashed: Any, password: str) -> bool:
    """Tell whether the hash, which targets keep as text or as bytes, is of this password."""
    text = hashed.encode() if isinstance(hashed, str) else hashed
    return bool(importlib.import_module("bcrypt").checkpw(password.encode(), text))


def a_uuid(what: str, seen: object) -> None:
    """Let text pass that is a UUID as ``str(uuid4())`` writes it.

    :raises Unmet: it is not.
    """
    true(f"{what} is a str", isinstance(seen, str), seen)
    try:
        canonical = str(uuid.UUID(str(seen)))
    except ValueError:
        canonical = "a UUID"
    equal(what, seen, canonical)


@inside(4)
def hash_password(world: World) -> None:
    """_hash_password returns a salted bcrypt hash of cost 12."""
    auth = world.module("auth")
    takes(auth._hash_password, "password")  # noqa: SLF001 - the contract names it
    cheap_hashes(None)
    first = auth._hash_password("Hello Holberton")  # noqa: SLF001 - the contract names it
    true("bytes", isinstance(first, bytes), first)
    true("b'$2b$12$...'", first.startswith(b"$2b$12$"), first)
    # One hash shows the cost; the salt can be seen on a cheap one.
    cheap_hashes()
    second = auth._hash_password("Hello Holberton")  # noqa: SLF001 - the contract names it
    true("a new salt for each hash", first[7:29] != second[7:29], "the same salt twice")
    true("a hash of this password", opens(second, "Hello Holberton"), second)


@inside(5)
def register_user(world: World) -> None:
    """register_user stores a new user, and refuses an e-mail that is known."""
    auth = world.open_auth()
    takes(auth.register_user, "email", "password")
    user = auth.register_user(EMAIL, PASSWORD)
    equal("e-mail of the user it returned", user.email, EMAIL)
    equal("e-mails in a.db", [row["email"] for row in world.rows()], [EMAIL])
    true("the password's hash in a.db", opens(world.rows()[0]["hashed_password"], PASSWORD), "none")
    error = raises("a known e-mail", "ValueError", auth.register_user, EMAIL, "other")
    equal("what it says", str(error), f"User {EMAIL} already exists")
    equal("e-mails in a.db afterwards", [row["email"] for row in world.rows()], [EMAIL])


@inside(8)
def valid_login(world: World) -> None:
    """valid_login is True for the right password, and False for anything else."""
    auth = world.open_auth()
    takes(auth.valid_login, "email", "password")
    auth.register_user(EMAIL, PASSWORD)
    equal("the right password", auth.valid_login(EMAIL, PASSWORD), True)
    equal("a wrong password", auth.valid_login(EMAIL, "WrongPwd"), False)
    equal("an unknown e-mail", auth.valid_login("unknown@example.com", PASSWORD), False)


@inside(9)
def generate_uuid(world: World) -> None:
    """_generate_uuid returns str(uuid4()), and only auth.py uses it."""
    auth = world.module("auth")
    first, second = (auth._generate_uuid() for _ in range(2))  # noqa: SLF001 - the contract names it
    a_uuid("_generate_uuid()", first)
    equal("version of the UUID", uuid.UUID(first).version, 4)
    true("a new UUID each time", first != second, "the same one twice")
    for name in ("user.py", "db.py", "app.py", "main.py"):
        true("_generate_uuid used in auth.py only", not names_it(name), f"it is used in {name}")


def names_it(path: str) -> bool:
    """Tell whether a file of the target says ``_generate_uuid``, in code and not in a comment."""
    file = Path(path)
    return file.exists() and "'_generate_uuid'" in ast.dump(ast.parse(file.read_bytes()))


@inside(10)
def create_session(world: World) -> None:
    """create_session stores and returns a new UUID, which replaces the one before."""
    auth = world.open_auth()
    takes(auth.create_session, "email")
    user_id, other = world.plant(EMAIL), world.plant(OTHER, session_id="theirs")
    first = auth.create_session(EMAIL)
    a_uuid("create_session(e-mail)", first)
    equal("session_id in a.db", world.row(user_id)["session_id"], first)
    second = auth.create_session(EMAIL)
    true("a new UUID at each login", second != first, "the same one twice")
    equal("session_id in a.db after a second login", world.row(user_id)["session_id"], second)
    equal("session_id of another user", world.row(other)["session_id"], "theirs")
    equal("an unknown e-mail", auth.create_session("unknown@example.com"), None)


@inside(12)
def get_user_from_session_id(world: World) -> None:
    """get_user_from_session_id returns the user, or None."""
    auth = world.open_auth()
    takes(auth.get_user_from_session_id, "session_id")
    world.plant(OTHER)
    world.plant(EMAIL, session_id="mine")
    user = auth.get_user_from_session_id("mine")
    equal("e-mail of the user", getattr(user, "email", user), EMAIL)
    equal("an unknown session id", auth.get_user_from_session_id("unknown"), None)
    nobody = auth.get_user_from_session_id(None)
    equal("no session id", getattr(nobody, "email", nobody), None)


@inside(13)
def destroy_session(world: World) -> None:
    """destroy_session makes the session id None, and an unknown id raises nothing."""
    auth = world.open_auth()
    takes(auth.destroy_session, "user_id")
    user_id = world.plant(EMAIL, session_id="mine")
    other = world.plant(OTHER, session_id="theirs")
    equal("destroy_session returns", auth.destroy_session(user_id), None)
    equal("session_id in a.db afterwards", world.row(user_id)["session_id"], None)
    equal("session_id of another user", world.row(other)["session_id"], "theirs")
    equal("an unknown id", auth.destroy_session(987654), None)


@inside(16)
def get_reset_password_token(world: World) -> None:
    """get_reset_password_token stores and returns a new UUID, or raises ValueError."""
    auth = world.open_auth()
    takes(auth.get_reset_password_token, "email")
    user_id = world.plant(EMAIL)
    first = auth.get_reset_password_token(EMAIL)
    a_uuid("get_reset_password_token(e-mail)", first)
    equal("reset_token in a.db", world.row(user_id)["reset_token"], first)
    second = auth.get_reset_password_token(EMAIL)
    true("a new token each time", second != first, "the same one twice")
    equal("reset_token in a.db after asking twice", world.row(user_id)["reset_token"], second)
    unknown = "unknown@example.com"
    raises("an unknown e-mail", "ValueError", auth.get_reset_password_token, unknown)


@inside(18)
def update_password(world: World) -> None:
    """update_password sets the hash and spends the token; without a token nobody changes."""
    auth = world.open_auth()
    takes(auth.update_password, "reset_token", "password")
    world.plant(OTHER)
    user_id = world.plant(EMAIL, reset_token="t")  # noqa: S106 - of a planted user
    before = world.rows()
    for what, token in (("an unknown token", "u"), ("an empty token", ""), ("no token", None)):
        raises(what, "ValueError", auth.update_password, token, "new")
        equal(f"the rows in a.db after {what}", world.rows(), before)
    equal("update_password returns", auth.update_password("t", "newPwd"), None)
    true("the new hash in a.db", opens(world.row(user_id)["hashed_password"], "newPwd"), "the old")
    equal("reset_token in a.db after its use", world.row(user_id)["reset_token"], None)
    equal("another user's row", world.rows()[0], before[0])
