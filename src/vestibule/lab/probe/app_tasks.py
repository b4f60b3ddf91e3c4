"""What of tasks 6 and 14 cannot be asked over HTTP: how the app is run, and whom it asks."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

from .verdict import equal, true
from .world import World, inside


@inside(6)
def run_app(world: World) -> None:
    """app.py runs on 0.0.0.0:5000 under __main__, and only there."""
    # The file is run only once here: it may take a port of its own.
    statements = ast.parse(Path("app.py").read_bytes()).body
    bare = [s for s in statements if isinstance(s, ast.Expr) and "attr='run'" in ast.dump(s)]
    true("app.run under if __name__ == '__main__'", not bare, "app.run when app.py is imported")
    runpy.run_path("app.py", run_name="__main__")
    # "5000" and 5000 are one port to Flask, and both are in use.
    seen = [(run["host"], str(run["port"])) for run in world.runs]
    equal("app.run under __main__ with host and port", seen, [("0.0.0.0", "5000")])  # noqa: S104


@inside(14)
def logout_asks_auth(world: World) -> None:
    """DELETE /sessions asks AUTH who it is, and then destroys that user's session."""
    auth = Mock()
    auth.get_user_from_session_id.return_value = SimpleNamespace(id=7, email="me@example.com")
    response = log_out(world, auth, "session_id=mine")
    equal("a known cookie, with AUTH mocked", response.status_code, 302)
    true("AUTH.get_user_from_session_id(cookie)", asked(auth, "mine"), str(auth.mock_calls))
    args = auth.destroy_session.call_args
    given = args and [*args[0], *args[1].values()]
    equal("arguments of AUTH.destroy_session", given, [7])

    auth = Mock()
    auth.get_user_from_session_id.return_value = None
    response = log_out(world, auth, None)
    equal("no cookie, with AUTH mocked", response.status_code, 403)
    equal("calls of AUTH.destroy_session for nobody", auth.destroy_session.call_count, 0)
    if auth.get_user_from_session_id.called:
        true("AUTH.get_user_from_session_id(None)", asked(auth, None), str(auth.mock_calls))


def log_out(world: World, auth: Mock, cookie: str | None) -> Any:
    """Return the answer of the logout view that finds ``auth`` where its ``AUTH`` was."""
    module = world.module("app")
    module.AUTH = auth
    client = module.app.test_client(use_cookies=False)
    return client.delete("/sessions", headers={"Cookie": cookie} if cookie else {})


def asked(auth: Mock, session_id: str | None) -> bool:
    """Tell whether the mock was asked for this session id, by position or by name."""
    args = auth.get_user_from_session_id.call_args
    return bool(args) and [*args[0], *args[1].values()] == [session_id]
