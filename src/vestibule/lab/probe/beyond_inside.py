"""Beyond the exercise, without HTTP: objects, failed inserts, names."""

from __future__ import annotations

import contextlib

from .auth_tasks import EMAIL, PASSWORD, opens
from .verdict import equal, true
from .world import World, inside

VIEWS = (
    "users",
    "login",
    "logout",
    "profile",
    "get_reset_password_token",
    "update_password",
)


@inside("stale-objects")
def stale_objects(world: World) -> None:
    """The object that register_user returned always shows what is stored."""
    auth = world.open_auth()
    user = auth.register_user(EMAIL, PASSWORD)
    session_id = auth.create_session(EMAIL)
    equal("user.session_id after create_session", user.session_id, session_id)
    reset_token = auth.get_reset_password_token(EMAIL)
    equal("user.reset_token after get_reset_password_token", user.reset_token, reset_token)
    auth.update_password(reset_token, "newPwd")
    equal("user.reset_token after update_password", user.reset_token, None)
    what = "user.hashed_password after update_password"
    true(f"{what}: the new one", opens(user.hashed_password, "newPwd"), "the old one")
    auth.destroy_session(user.id)
    equal("user.session_id after destroy_session", user.session_id, None)


@inside("failed-insert")
def failed_insert(world: World) -> None:
    """A failed insert does not poison the next one."""
    db = world.open_db()
    db.add_user("a@example.com", "x")
    # Both columns are NOT NULL: whether it is refused, and how, is the target's own affair.
    with contextlib.suppress(Exception):
        db.add_user(None, None)
    equal("a user found after a failed insert", db.find_user_by(email="a@example.com").id, 1)
    after = db.add_user("b@example.com", "y")
    equal("a user added after a failed insert", after.email, "b@example.com")
    true("its row in a.db", "b@example.com" in [r["email"] for r in world.rows()], world.rows())


@inside("names")
def names(world: World) -> None:
    """app.py has app, AUTH = Auth() and views by the contract's names; Auth has _db."""
    module, auth = world.module("app"), world.module("auth")
    true("an object app", hasattr(module, "app"), "no such name")
    true("AUTH = Auth()", isinstance(getattr(module, "AUTH", None), auth.Auth), "something else")
    true("AUTH._db", isinstance(vars(module.AUTH).get("_db"), world.module("db").DB), "no DB there")
    missing = [name for name in VIEWS if not callable(getattr(module, name, None))]
    true(f"views {', '.join(VIEWS)}", not missing, f"no {', '.join(missing)}")


@inside("recreate-database")
def recreate_database(world: World) -> None:
    """Another process drops and recreates the table, as a second start of the app does."""
    world.open_db()
