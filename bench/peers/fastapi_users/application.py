"""FastAPI Users as its full example has it: SQLAlchemy, aiosqlite; sessions in the database.

``python application.py COUNT PASSWORD`` makes the accounts.
"""

import asyncio
import os
import sys
import uuid

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, CookieTransport
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['PEER_DATABASE']}")
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """What the tables have in common."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """An account."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """A session."""


class UserRead(schemas.BaseUser[uuid.UUID]):
    """What is told of an account."""


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """The rules, at their defaults."""


async def session():
    """A session of the database, for a request."""
    async with sessions() as opened:
        yield opened


async def user_database(opened=Depends(session)):
    """Where accounts are."""
    yield SQLAlchemyUserDatabase(opened, User)


async def token_database(opened=Depends(session)):
    """Where sessions are."""
    yield SQLAlchemyAccessTokenDatabase(opened, AccessToken)


async def user_manager(database=Depends(user_database)):
    """The rules, for a request."""
    yield UserManager(database)


def strategy(database=Depends(token_database)):
    """How a session is found."""
    return DatabaseStrategy(database, lifetime_seconds=3600)


backend = AuthenticationBackend(
    name="database",
    transport=CookieTransport(cookie_max_age=3600, cookie_secure=False),
    get_strategy=strategy,
)
fastapi_users = FastAPIUsers[User, uuid.UUID](user_manager, [backend])
app = FastAPI()
app.include_router(fastapi_users.get_auth_router(backend), prefix="/auth")


@app.get("/profile")
async def profile(user=Depends(fastapi_users.current_user(active=True))):
    """Whose session it is."""
    return {"email": user.email}


async def seed(count, password):
    """Make accounts that share a password."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    hashed = PasswordHelper().hash(password)
    emails = (f"user{number}@example.com" for number in range(1, count + 1))
    async with sessions() as opened:
        opened.add_all([User(email=email, hashed_password=hashed) for email in emails])
        await opened.commit()


if __name__ == "__main__":
    asyncio.run(seed(int(sys.argv[1]), sys.argv[2]))
