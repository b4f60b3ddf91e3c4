"""A server that keeps the contract and one that breaks it, to try a ``main.py`` against."""

from __future__ import annotations

import contextlib
import io
import json
import threading
import uuid
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Application = Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]
    Answer = tuple[int, dict[str, str], dict[str, str]]


class Kept:
    """The contract in memory: passwords, sessions and tokens by e-mail, in the clear."""

    def __init__(self) -> None:
        self.passwords: dict[str, str] = {}
        self.sessions: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def __call__(self, method: str, path: str, form: dict[str, str], session_id: str) -> Answer:
        """Return the status, the body and further headers of an answer."""
        routes: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "/"): lambda: (200, {"message": "Bienvenue"}, {}),
            ("POST", "/users"): lambda: self.register(form),
            ("POST", "/sessions"): lambda: self.log_in(form),
            ("DELETE", "/sessions"): lambda: self.log_out(session_id),
            ("GET", "/profile"): lambda: self.profile(session_id),
            ("POST", "/reset_password"): lambda: self.reset(form),
            ("PUT", "/reset_password"): lambda: self.update(form),
        }
        route = routes.get((method, path.rstrip("/") or "/"))
        return route() if route else (404, {}, {})

    def register(self, form: dict[str, str]) -> Answer:
        """Answer ``POST /users``."""
        if form["email"] in self.passwords:
            return 400, {"message": "email already registered"}, {}
        self.passwords[form["email"]] = form["password"]
        return 200, {"email": form["email"], "message": "user created"}, {}

    def log_in(self, form: dict[str, str]) -> Answer:
        """Answer ``POST /sessions``."""
        email = form["email"]
        if self.passwords.get(email) != form["password"]:
            return 401, {}, {}
        self.sessions[email] = str(uuid.uuid4())
        cookie = f"session_id={self.sessions[email]}; Path=/"
        return 200, {"email": email, "message": "logged in"}, {"Set-Cookie": cookie}

    def log_out(self, session_id: str) -> Answer:
        """Answer ``DELETE /sessions``."""
        email = owner(self.sessions, session_id)
        if email is None:
            return 403, {}, {}
        del self.sessions[email]
        return 302, {}, {"Location": "/"}

    def profile(self, session_id: str) -> Answer:
        """Answer ``GET /profile``."""
        email = owner(self.sessions, session_id)
        return (200, {"email": email}, {}) if email else (403, {}, {})

    def reset(self, form: dict[str, str]) -> Answer:
        """Answer ``POST /reset_password``."""
        email = form["email"]
        if email not in self.passwords:
            return 403, {}, {}
        self.tokens[email] = str(uuid.uuid4())
        return 200, {"email": email, "reset_token": self.tokens[email]}, {}

    def update(self, form: dict[str, str]) -> Answer:
        """Answer ``PUT /reset_password``."""
        email = owner(self.tokens, form["reset_token"])
        if email is None:
            return 403, {}, {}
        del self.tokens[email]
        self.passwords[email] = form["new_password"]
        return 200, {"email": form["email"], "message": "Password updated"}, {}


def owner(secrets: dict[str, str], secret: str) -> str | None:
    """Return the e-mail that this secret was given to, if any."""
    return next((email for email, own in secrets.items() if own == secret), None)


class Broken:
    """A server that gives the same wrong answer to everything, in words that look right."""

    def __init__(self, status: int, body: dict[str, str]) -> None:
        self.status = status
        self.body = body

    def __call__(self, method: str, path: str, form: dict[str, str], session_id: str) -> Answer:  # noqa: ARG002 - it does not listen
        """Return the answer."""
        return self.status, self.body, {"Set-Cookie": "session_id=broken; Path=/"}


def application(answer: Callable[[str, str, dict[str, str], str], Answer]) -> Application:
    """Return a WSGI application that answers as ``answer`` says."""

    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        text = environ["wsgi.input"].read(length).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        form = {**dict.fromkeys(("email", "password", "reset_token", "new_password"), ""), **form}
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("session_id")
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        status, body, headers = answer(method, path, form, cookie.value if cookie else "")
        headers = {"Content-Type": "application/json", **headers}
        start_response(f"{status} As The Contract Says", list(headers.items()))
        return [json.dumps(body).encode()]

    return respond


class Quiet(WSGIRequestHandler):
    """A request handler that logs nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its parent's name
        """Say nothing."""

    def get_stderr(self) -> Any:
        """Return a file that nobody reads."""
        return io.StringIO()


@contextlib.contextmanager
def served(answer: Callable[[str, str, dict[str, str], str], Answer]) -> Iterator[int]:
    """Serve it on a free port of this machine, and yield the port."""
    with make_server("127.0.0.1", 0, application(answer), handler_class=Quiet) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_port
        server.shutdown()
