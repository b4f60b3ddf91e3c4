"""Flask-Security-Too as its quick start has it: Flask-SQLAlchemy, sessions in signed cookies.

``python application.py COUNT PASSWORD`` makes the accounts.
"""

import os
import sys

from flask import Flask
from flask_security import Security, SQLAlchemyUserDatastore, auth_required, current_user
from flask_security.models import fsqla_v3 as fsqla
from flask_security.utils import hash_password
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.update(
    SECRET_KEY="c3a1f4d4d9a14b57a9a1f0a3c2b5e6d7",  # noqa: S106 - of a server that is measured.
    SECURITY_PASSWORD_SALT="146585145368132386173505678016728509634",  # noqa: S106
    SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['PEER_DATABASE']}",
    SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": True},
    SESSION_COOKIE_SAMESITE="strict",
    REMEMBER_COOKIE_SAMESITE="strict",
    # A login by JSON would need another request, for the token.
    WTF_CSRF_ENABLED=False,
)
db = SQLAlchemy(app)
fsqla.FsModels.set_db_info(db)


class Role(db.Model, fsqla.FsRoleMixin):
    """A role, of which the quick start's accounts have none."""


class User(db.Model, fsqla.FsUserMixin):
    """An account."""


users = SQLAlchemyUserDatastore(db, User, Role)
app.security = Security(app, users)


@app.get("/profile")
@auth_required("session")
def profile():
    """Whose session it is."""
    return {"email": current_user.email}


def seed(count, password):
    """Make accounts that share a password."""
    with app.app_context():
        db.create_all()
        hashed = hash_password(password)
        for number in range(1, count + 1):
            users.create_user(email=f"user{number}@example.com", password=hashed)
        db.session.commit()


if __name__ == "__main__":
    seed(int(sys.argv[1]), sys.argv[2])
