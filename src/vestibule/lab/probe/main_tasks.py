"""Task 20: ``main.py`` passes where the contract is kept, and fails where it is not."""

from __future__ import annotations

import contextlib
import importlib
import runpy
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from .reference import Broken, Kept, served
from .verdict import Unmet, describe, true
from .world import World, inside, takes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONSTANTS = {
    "EMAIL": "guillaume@holberton.io",
    "PASSWD": "b4l0u",
    "NEW_PASSWD": "t4rt1fl3tt3",
}
EMAIL, PASSWORD, NEW_PASSWORD = CONSTANTS.values()
FUNCTIONS: dict[str, dict[str, str]] = {
    "register_user": {"email": EMAIL, "password": PASSWORD},
    "log_in_wrong_password": {"email": EMAIL, "password": NEW_PASSWORD},
    "profile_unlogged": {},
    "log_in": {"email": EMAIL, "password": PASSWORD},
    "profile_logged": {"session_id": "some session"},
    "log_out": {"session_id": "some session"},
    "reset_password_token": {"email": EMAIL},
    "update_password": {"email": EMAIL, "reset_token": "t", "new_password": NEW_PASSWORD},
}
WALK = [
    ("POST", "/users", 200, {"email": EMAIL, "password": PASSWORD}),
    ("POST", "/sessions", 401, {"email": EMAIL}),
    ("GET", "/profile", 403, {}),
    ("POST", "/sessions", 200, {"email": EMAIL, "password": PASSWORD}),
    ("GET", "/profile", 200, {}),
    ("DELETE", "/sessions", 302, {}),
    ("POST", "/reset_password", 200, {"email": EMAIL}),
    ("PUT", "/reset_password", 200, {"email": EMAIL, "new_password": NEW_PASSWORD}),
    ("POST", "/sessions", 200, {"email": EMAIL, "password": NEW_PASSWORD}),
]


@inside(20)
def main(world: World) -> None:
    """main.py walks through the whole contract, and notices a server that breaks it."""
    module = world.module("main")
    for name, arguments in FUNCTIONS.items():
        true(f"a function {name}", callable(getattr(module, name, None)), "no such function")
        takes(getattr(module, name), *arguments)
    with contextlib.ExitStack() as stack:
        port = world.port or stack.enter_context(served(Kept()))
        walk(port)
    # Functions may read the constants, wherever main.py defines them.
    for constant, value in CONSTANTS.items():
        vars(module).setdefault(constant, value)
    body = {"message": "Internal Server Error", "email": EMAIL, "reset_token": "t"}
    with served(Broken(500, body)) as port, redirected(port):
        for name, arguments in FUNCTIONS.items():
            notices(getattr(module, name), "answers 500 to everything", arguments)
    with served(Broken(200, {})) as port, redirected(port):
        for name in ("log_in_wrong_password", "profile_unlogged"):
            notices(getattr(module, name), "answers 200 {} to everything", FUNCTIONS[name])


def walk(port: int) -> None:
    """Run ``main.py`` as a program, and compare its requests with the walk of the contract.

    :raises Unmet: it fails, or leaves out a step.
    """
    with redirected(port) as seen:
        try:
            runpy.run_path("main.py", run_name="__main__")
        except BaseException as error:
            rule = "main.py to pass against a server that keeps the contract"
            raise Unmet(rule, describe(error)) from error
    # main.py may ask more than that in between, but all of that, in this order.
    rest = iter(seen)
    for number, step in enumerate(WALK, 1):
        if not any(matches(step, request) for request in rest):
            method, path, status, form = step
            wanted = f"step {number} of main.py: {method} {path} {form or ''} answered by {status}"
            raise Unmet(wanted, ", ".join(f"{r[0]} {r[1]} {r[2]}" for r in seen) or "no request")


def matches(step: tuple[str, str, int, dict[str, str]], request: Any) -> bool:
    """Tell whether a request is this step of the walk."""
    return bool(step[:3] == request[:3] and step[3].items() <= request[3].items())


def notices(function: Callable[..., object], wrong: str, arguments: dict[str, str]) -> None:
    """Let a function of ``main.py`` pass if it raises.

    :raises Unmet: it is content with a wrong server.
    """
    try:
        function(*arguments.values())
    except Exception:  # noqa: BLE001 - an assertion as a rule, but any traceback tells the reader
        return
    raise Unmet(f"{function.__name__} to fail against a server that {wrong}", "it passed")


@contextlib.contextmanager
def redirected(port: int) -> Iterator[list[Any]]:
    """Send what ``requests`` sends to any host to this port instead, and yield a list of it.

    The target's ``main.py`` has an address of its own written into it. It must not notice, so
    the ``Host`` header and the URL of the response stay what they were.
    """
    adapter = importlib.import_module("requests.adapters").HTTPAdapter
    real, seen = adapter.send, []

    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        asked = request.url
        parts = urlsplit(asked)
        request = request.copy()
        request.headers["Host"] = parts.netloc
        request.url = urlunsplit(("http", f"127.0.0.1:{port}", parts.path, parts.query, ""))
        response = real(self, request, **{**kwargs, "proxies": {}})
        request.url = response.url = asked
        form = parse_qs(text_of(request.body))
        fields = {name: values[0] for name, values in form.items()}
        path = parts.path.rstrip("/") or "/"
        seen.append((request.method, path, response.status_code, fields))
        return response

    adapter.send = send
    try:
        yield seen
    finally:
        adapter.send = real


def text_of(body: object) -> str:
    """Return the body of a request as text."""
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
