"""Tasks 0 to 3: what is stored, and how."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from .verdict import equal, raises, true
from .world import DATABASE, World, inside, takes

COLUMNS = [
    ("id", "INTEGER", True, False),
    ("email", "VARCHAR(250)", False, False),
    ("hashed_password", "VARCHAR(250)", False, False),
    ("session_id", "VARCHAR(250)", False, True),
    ("reset_token", "VARCHAR(250)", False, True),
]


@inside(0)
def user_model(world: World) -> None:
    """User(Base) has the table users with five columns in this order."""
    user = world.module("user")
    true("User is a child of Base", issubclass(user.User, user.Base), user.User.__mro__)
    equal("User.__tablename__", user.User.__tablename__, "users")
    columns = list(user.User.__table__.columns)
    equal("columns", [c.name for c in columns], [name for name, *_ in COLUMNS])
    for column, (name, kind, primary, nullable) in zip(columns, COLUMNS):  # noqa: B905 - 3.7
        equal(f"type of {name}", str(column.type), kind)
        equal(f"primary key {name}", bool(column.primary_key), primary)
        equal(f"nullable {name}", bool(column.nullable), nullable)


@inside(1)
def add_user(world: World) -> None:
    """DB() starts with an empty a.db; add_user saves and returns the user; both print nothing."""
    module = world.module("db")
    with Hush() as hush:
        db = module.DB()
        takes(db.add_user, "email", "hashed_password")
        first = db.add_user("a@example.com", "SuperHashedPwd")
        second = db.add_user("b@example.com", "SuperHashedPwd1")
    equal("ids of the first two users", [first.id, second.id], [1, 2])
    equal("what add_user returned", (first.email, second.email), ("a@example.com", "b@example.com"))
    true("a.db in the working directory", Path(DATABASE).exists(), "no such file")
    stored = [(row["email"], row["hashed_password"]) for row in world.rows()]
    expected = [("a@example.com", "SuperHashedPwd"), ("b@example.com", "SuperHashedPwd1")]
    equal("rows in a.db", stored, expected)
    rule = "nothing printed by DB() and add_user, as echo=True would"
    true(rule, not hush.printed, f"{hush.printed!r} printed")
    again = module.DB()
    equal("rows after another DB()", world.rows(), [])
    equal("first id after another DB()", again.add_user("c@example.com", "x").id, 1)


class Hush:
    """Collect what the target prints to its standard output, by whatever way."""

    printed = ""

    def __enter__(self) -> Hush:
        # The target may print through sys.stdout, through its logs or straight to descriptor 1.
        self._file = tempfile.TemporaryFile()
        self._stdout = os.dup(1)
        os.dup2(self._file.fileno(), 1)
        return self

    def __exit__(self, *_: object) -> None:
        print(end="", flush=True)  # noqa: T201 - flushes what the target wrote
        os.dup2(self._stdout, 1)
        os.close(self._stdout)
        self._file.seek(0)
        self.printed = self._file.read(1000).decode("utf-8", "replace")
        self._file.close()


@inside(2)
def find_user_by(world: World) -> None:
    """find_user_by returns the first matching row, or says which way there is none."""
    db = world.open_db()
    first = world.plant("a@example.com", session_id="s1")
    second = world.plant("b@example.com", session_id="s2")
    equal("id of the user with this e-mail", db.find_user_by(email="b@example.com").id, second)
    equal("e-mail of the user with this id", db.find_user_by(id=first).email, "a@example.com")
    found = db.find_user_by(email="a@example.com", session_id="s1")
    equal("id of the user with this e-mail and session", found.id, first)
    raises("an e-mail that nobody has", "NoResultFound", db.find_user_by, email="c@example.com")
    mixed = {"email": "a@example.com", "session_id": "s2"}
    raises("two columns that no row has together", "NoResultFound", db.find_user_by, **mixed)
    raises("an unknown column", "InvalidRequestError", db.find_user_by, no_such_column="x")
    raises("no column at all", "InvalidRequestError", db.find_user_by)
    world.plant("a@example.com")
    found = db.find_user_by(email="a@example.com")
    equal("id of the first of two users with one e-mail", found.id, first)


@inside(3)
def update_user(world: World) -> None:
    """update_user sets and commits, or raises and changes nothing."""
    db = world.open_db()
    user_id = world.plant("a@example.com")
    other = world.plant("b@example.com")
    equal("update_user returns", db.update_user(user_id, email="new@example.com"), None)
    equal("email in a.db", world.row(user_id)["email"], "new@example.com")
    equal("email of another user", world.row(other)["email"], "b@example.com")
    equal("update_user returns", db.update_user(user_id=user_id, session_id="s"), None)
    before = world.row(user_id)
    raises("an unknown attribute", "ValueError", db.update_user, user_id, no_such_attribute="y")
    mixed: dict[str, Any] = {"email": "changed@example.com", "no_such_attribute": "y"}
    raises("one unknown attribute of two", "ValueError", db.update_user, user_id, **mixed)
    equal("the row after a refused update", world.row(user_id), before)
    raises("an unknown id", "NoResultFound", db.update_user, 987654, session_id="t")
    # What a refused update left in the session would be written by the next one.
    db.update_user(other, session_id="t")
    equal("the row after a refused update and another one", world.row(user_id), before)
