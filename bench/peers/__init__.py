"""Others who do the same: each as its quick start has it, with a production server, one worker.

Every folder holds a small application and the versions that were measured; ``.env`` in it, which
git does not see, holds the installed packages. Where a limit of attempts would answer in place of
the application, it is off; that, and nothing else, differs from what the quick start says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.wire import json_request, request

HERE = Path(__file__).parent
PYTHON, NODE = "python", "node"
BIND = "127.0.0.1:PORT"
GUNICORN = ("-m", "gunicorn", "--workers", "1", "--bind", BIND, "application:app")


@dataclass(frozen=True)
class Peer:
    """How to run one, how to log in, and where it tells whose session it is."""

    name: str
    title: str
    folder: str
    serve: tuple[str, ...]
    check: str
    login: str
    # What new passwords are hashed with, unless told otherwise.
    hashing: str
    kind: str = PYTHON
    seed: tuple[str, ...] = ("application.py",)
    names: tuple[str, str] = ("email", "password")
    form: bool = False
    # A second way to tell whose session it is.
    faster: str = ""
    # Whose package is the answer to "which version?".
    package: str = ""

    @property
    def home(self) -> Path:
        """Where its files are."""
        return HERE / self.folder

    @property
    def environment(self) -> Path:
        """Where its packages are."""
        return self.home / ".env"

    def log_in(self, number: int, password: str) -> bytes:
        """The request by which an account logs in."""
        make = request if self.form else json_request
        fields = dict(zip(self.names, (f"user{number}@example.com", password), strict=True))
        return make("POST", self.login, "Accept: application/json", **fields)


FLASK_SECURITY = Peer(
    name="flask-security",
    title="Flask-Security-Too, gunicorn sync",
    folder="flask_security",
    serve=GUNICORN,
    check="/profile",
    login="/login",
    hashing="argon2id, 64 MiB, t=3, p=4",
    package="Flask-Security-Too",
)
PEERS = (
    FLASK_SECURITY,
    Peer(
        **vars(FLASK_SECURITY)
        | {
            "name": "flask-security-threads",
            "title": "Flask-Security-Too, gunicorn gthread, 8",
            "serve": (*GUNICORN, "--threads", "8"),
        }
    ),
    Peer(
        name="django-allauth",
        title="django-allauth headless, gunicorn sync",
        folder="django_allauth",
        serve=GUNICORN,
        check="/_allauth/app/v1/auth/session",
        login="/_allauth/app/v1/auth/login",
        hashing="PBKDF2-SHA256, 1,000,000 rounds",
        package="django-allauth",
    ),
    Peer(
        name="fastapi-users",
        title="FastAPI Users, uvicorn",
        folder="fastapi_users",
        serve=("-m", "uvicorn", "--no-access-log", "--port", "PORT", "application:app"),
        check="/profile",
        login="/auth/login",
        hashing="argon2id, 64 MiB, t=3, p=4",
        names=("username", "password"),
        form=True,
        package="fastapi-users",
    ),
    Peer(
        name="better-auth",
        title="Better Auth, Node: get-session",
        folder="better_auth",
        kind=NODE,
        serve=("server.mjs", "PORT"),
        seed=("server.mjs", "seed"),
        check="/api/auth/get-session",
        login="/api/auth/sign-in/email",
        hashing="scrypt, N=16384, r=16, p=1",
        faster="/profile",
        package="better-auth",
    ),
)
