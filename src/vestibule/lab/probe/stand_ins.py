"""Ours in place of a function that failed its task, so that the later tasks are judged alone.

A stand-in is put where the target's own function was, and stands on the target's other functions
(or on their stand-ins), by the names that the contract fixes.
"""

from __future__ import annotations

import importlib
import sys
import threading
import uuid
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A stand-in must not fail in a crowd for the target.
ONE_AT_A_TIME = threading.Lock()


def put_in(numbers: Iterable[int]) -> None:
    """Replace what failed these tasks, in modules that nothing has imported yet."""
    failed = set(numbers)
    if 0 in failed:
        sys.modules["user"] = user_module()
    if 1 in failed:
        use_a_db()
    for number in sorted(failed & set(METHODS)):
        module, owner, function = METHODS[number]
        target = importlib.import_module(module)
        setattr(getattr(target, owner) if owner else target, function.__name__, function)


def user_module() -> ModuleType:
    """Return a module ``user`` with the table of the contract."""
    sql, orm = (importlib.import_module(name) for name in ("sqlalchemy", "sqlalchemy.orm"))
    if not hasattr(orm, "declarative_base"):
        orm = importlib.import_module("sqlalchemy.ext.declarative")
    module: Any = ModuleType("user")
    module.Base = orm.declarative_base()
    columns = {
        "id": sql.Column(sql.Integer, primary_key=True),
        "email": sql.Column(sql.String(250), nullable=False),
        "hashed_password": sql.Column(sql.String(250), nullable=False),
        "session_id": sql.Column(sql.String(250), nullable=True),
        "reset_token": sql.Column(sql.String(250), nullable=True),
    }
    module.User = type("User", (module.Base,), {"__tablename__": "users", **columns})
    return module  # type: ignore[no-any-return]


def use_a_db() -> None:
    """Let every database that the target opens be ``a.db``."""
    sql: Any = importlib.import_module("sqlalchemy")
    real = sql.create_engine

    def create_engine(*_: object, **kwargs: object) -> object:
        return real("sqlite:///a.db", **kwargs)

    sql.create_engine = create_engine


def users(db: Any) -> Any:
    """Return the query that finds users, in the target's own session."""
    user = importlib.import_module("user").User
    return db._session.query(user).populate_existing()  # noqa: SLF001 - the contract names it


def add_user(self: Any, email: str, hashed_password: str) -> Any:
    """Stand in for ``DB.add_user``."""
    user = importlib.import_module("user").User(email=email, hashed_password=hashed_password)
    session = self._session
    session.add(user)
    session.commit()
    return user


def find_user_by(self: Any, **kwargs: object) -> Any:
    """Stand in for ``DB.find_user_by``."""
    user = users(self).filter_by(**kwargs).first()
    if user is None:
        raise importlib.import_module("sqlalchemy.orm.exc").NoResultFound
    return user


def update_user(self: Any, user_id: int, **kwargs: object) -> None:
    """Stand in for ``DB.update_user``."""
    user = self.find_user_by(id=user_id)
    for name, value in kwargs.items():
        setattr(user, name, value)
    self._session.commit()


def _hash_password(password: str) -> bytes:
    """Stand in for ``auth._hash_password``."""
    bcrypt = importlib.import_module("bcrypt")
    hashed: bytes = bcrypt.hashpw(password.encode(), bcrypt.gensalt())
    return hashed


def _generate_uuid() -> str:
    """Stand in for ``auth._generate_uuid``."""
    return str(uuid.uuid4())


def kept(password: str) -> object:
    """Return a password's hash as the target keeps it: as text if it ever decodes it, or bytes."""
    hashed = importlib.import_module("auth")._hash_password(password)  # noqa: SLF001 - named there
    return hashed.decode() if b".decode(" in Path("auth.py").read_bytes() else hashed


def found(self: Any, **kwargs: object) -> Any:
    """Return the user with these values, or None."""
    no_result: type[Exception] = importlib.import_module("sqlalchemy.orm.exc").NoResultFound
    try:
        return self._db.find_user_by(**kwargs)
    except no_result:
        return None


def register_user(self: Any, email: str, password: str) -> Any:
    """Stand in for ``Auth.register_user``."""
    hashed = kept(password)
    with ONE_AT_A_TIME:
        if found(self, email=email):
            raise ValueError(f"User {email} already exists")
        return self._db.add_user(email, hashed)


def valid_login(self: Any, email: str, password: str) -> bool:
    """Stand in for ``Auth.valid_login``."""
    user = found(self, email=email)
    if user is None:
        return False
    hashed = user.hashed_password
    hashed = hashed.encode() if isinstance(hashed, str) else hashed
    return bool(importlib.import_module("bcrypt").checkpw(password.encode(), hashed))


def create_session(self: Any, email: str) -> str | None:
    """Stand in for ``Auth.create_session``."""
    user = found(self, email=email)
    if user is None:
        return None
    session_id = _generate_uuid()
    self._db.update_user(user.id, session_id=session_id)
    return session_id


def get_user_from_session_id(self: Any, session_id: str | None) -> Any:
    """Stand in for ``Auth.get_user_from_session_id``."""
    return found(self, session_id=session_id) if session_id else None


def destroy_session(self: Any, user_id: int) -> None:
    """Stand in for ``Auth.destroy_session``."""
    if found(self, id=user_id):
        self._db.update_user(user_id, session_id=None)


def get_reset_password_token(self: Any, email: str) -> str:
    """Stand in for ``Auth.get_reset_password_token``."""
    user = found(self, email=email)
    if user is None:
        raise ValueError(f"User {email} does not exist")
    reset_token = _generate_uuid()
    self._db.update_user(user.id, reset_token=reset_token)
    return reset_token


def update_password(self: Any, reset_token: str | None, password: str) -> None:
    """Stand in for ``Auth.update_password``."""
    hashed = kept(password)
    with ONE_AT_A_TIME:
        user = found(self, reset_token=reset_token) if reset_token else None
        if user is None:
            raise ValueError("no such token")
        self._db.update_user(user.id, hashed_password=hashed, reset_token=None)


METHODS: dict[int, tuple[str, str, Callable[..., Any]]] = {
    1: ("db", "DB", add_user),
    2: ("db", "DB", find_user_by),
    3: ("db", "DB", update_user),
    4: ("auth", "", _hash_password),
    5: ("auth", "Auth", register_user),
    8: ("auth", "Auth", valid_login),
    9: ("auth", "", _generate_uuid),
    10: ("auth", "Auth", create_session),
    12: ("auth", "Auth", get_user_from_session_id),
    13: ("auth", "Auth", destroy_session),
    16: ("auth", "Auth", get_reset_password_token),
    18: ("auth", "Auth", update_password),
}
