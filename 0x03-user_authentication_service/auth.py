#!/usr/bin/env python3
"""The rules: who may register, log in, stay logged in, and reset."""
from threading import Lock
from typing import Optional
from uuid import uuid4

import bcrypt
from sqlalchemy.orm.exc import NoResultFound

from db import DB
from user import User

# bcrypt reads no further. Its old versions ignored the rest in silence, so
# that two long passwords with the same start opened the same account.
MAX_PASSWORD_BYTES = 72


class UnusablePassword(ValueError):
    """The password cannot be hashed in full; the message says why."""


def _password_bytes(password: str) -> bytes:
    """Return the bytes that bcrypt hashes.

    :raises UnusablePassword: bcrypt would not hash all of them.
    """
    try:
        secret = password.encode("utf-8")
    except UnicodeEncodeError:
        raise UnusablePassword("password is not valid text")
    if len(secret) > MAX_PASSWORD_BYTES:
        raise UnusablePassword("password is longer than {} bytes".format(
            MAX_PASSWORD_BYTES))
    if b"\0" in secret:
        # bcrypt comes from C, where a NUL ends the text.
        raise UnusablePassword("password contains a NUL character")
    return secret


def _hash_password(password: str) -> bytes:
    """Return the salted bcrypt hash of ``password``.

    The salt makes equal passwords look different in the table, and 2**12
    rounds make each guess of a thief cost about a quarter of a second.

    :raises UnusablePassword: bcrypt would not hash all of it.
    """
    return bcrypt.hashpw(_password_bytes(password), bcrypt.gensalt())


def _generate_uuid() -> str:
    """Return a new random UUID: 122 bits that nobody can guess."""
    return str(uuid4())


class Auth:
    """The front desk: everything that may be asked about accounts."""

    def __init__(self) -> None:
        """Open the store."""
        self._db = DB()
        # Between "is it there?" and "write it" another thread could do the
        # same, and both would succeed. A UNIQUE column would be stronger, but
        # the exercise fixes the table. A lock holds within one process, and
        # there is no other: each new DB() empties the file.
        self._lock = Lock()

    def register_user(self, email: str, password: str) -> User:
        """Create an account and return its user.

        :raises UnusablePassword: bcrypt would not hash all of the password.
        :raises ValueError: the address has an account already.
        """
        # Hashing is slow on purpose: others need not wait for it.
        hashed = _hash_password(password).decode("ascii")
        with self._lock:
            try:
                self._db.find_user_by(email=email)
            except NoResultFound:
                return self._db.add_user(email, hashed)
        raise ValueError("User {} already exists".format(email))

    def valid_login(self, email: str, password: str) -> bool:
        """Tell whether the password is the one of this address."""
        if not email or not password:
            return False
        try:
            hashed = self._db.find_user_by(email=email).hashed_password
            if isinstance(hashed, str):
                hashed = hashed.encode("utf-8")
            # checkpw compares in constant time, so that the time it takes
            # does not tell how much of a guess was right.
            return bcrypt.checkpw(_password_bytes(password), hashed)
        except (NoResultFound, ValueError):
            # Nobody, a password that nobody can have, or no bcrypt hash.
            return False

    def create_session(self, email: str) -> str:
        """Log a user in: store and return a new session id.

        Unknown addresses get ``None``; the exercise fixes the annotation.
        """
        session_id = _generate_uuid()
        try:
            user = self._db.find_user_by(email=email)
            self._db.update_user(user.id, session_id=session_id)
        except NoResultFound:
            return None
        return session_id

    def get_user_from_session_id(self, session_id: str) -> Optional[User]:
        """Return the user who is logged in with this session id, if any."""
        # None would match "session_id IS NULL": anybody who is logged out.
        if not session_id:
            return None
        try:
            return self._db.find_user_by(session_id=session_id)
        except NoResultFound:
            return None

    def destroy_session(self, user_id: int) -> None:
        """Log a user out; it does not matter whether there is such a user."""
        try:
            self._db.update_user(user_id, session_id=None)
        except NoResultFound:
            pass

    def get_reset_password_token(self, email: str) -> str:
        """Store and return a token that allows one change of password.

        :raises ValueError: nobody has this address.
        """
        reset_token = _generate_uuid()
        try:
            user = self._db.find_user_by(email=email)
            self._db.update_user(user.id, reset_token=reset_token)
        except NoResultFound:
            raise ValueError("User {} does not exist".format(email))
        return reset_token

    def update_password(self, reset_token: str, password: str) -> None:
        """Change the password of the user who holds this token, once.

        :raises UnusablePassword: bcrypt would not hash all of it; the token
            stays valid.
        :raises ValueError: nobody holds this token.
        """
        self._find_by_reset_token(reset_token)
        hashed = _hash_password(password).decode("ascii")
        with self._lock:
            # Somebody may have used the token while this thread hashed.
            user = self._find_by_reset_token(reset_token)
            self._db.update_user(
                user.id, hashed_password=hashed, reset_token=None)

    def _find_by_reset_token(self, reset_token: str) -> User:
        """Return the user who holds this token.

        :raises ValueError: nobody does.
        """
        # None would match "reset_token IS NULL": nearly everybody.
        if not reset_token:
            raise ValueError("There is no reset token")
        try:
            return self._db.find_user_by(reset_token=reset_token)
        except NoResultFound:
            raise ValueError("Nobody holds this reset token")
