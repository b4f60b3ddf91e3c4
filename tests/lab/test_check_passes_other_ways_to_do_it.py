"""A plain implementation, with other habits than the lesson's, passes all the tasks as well."""

from pathlib import Path

import pytest

from vestibule.lab.contract import grade

PLAIN = {
    "user.py": """
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String(250), nullable=False)
    hashed_password = Column(String(250), nullable=False)
    session_id = Column(String(250))
    reset_token = Column(String(250))
""",
    # One session for everybody, and whatever is an attribute may be set.
    "db.py": """
from sqlalchemy import create_engine
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import sessionmaker
from sqlalchemy.orm.exc import NoResultFound

from user import Base, User


class DB:
    def __init__(self):
        self._engine = create_engine("sqlite:///a.db")
        Base.metadata.drop_all(self._engine)
        Base.metadata.create_all(self._engine)
        self.__session = None

    @property
    def _session(self):
        if self.__session is None:
            self.__session = sessionmaker(bind=self._engine)()
        return self.__session

    def add_user(self, email, hashed_password):
        user = User(email=email, hashed_password=hashed_password)
        self._session.add(user)
        self._session.commit()
        return user

    def find_user_by(self, **kwargs):
        if not kwargs:
            raise InvalidRequestError
        user = self._session.query(User).filter_by(**kwargs).first()
        if not user:
            raise NoResultFound
        return user

    def update_user(self, user_id, **kwargs):
        user = self.find_user_by(id=user_id)
        for key in kwargs:
            if not hasattr(user, key):
                raise ValueError
        for key, value in kwargs.items():
            setattr(user, key, value)
        self._session.commit()
""",
    # The hash stays bytes.
    "auth.py": """
import bcrypt
import uuid
from sqlalchemy.orm.exc import NoResultFound

from db import DB


def _hash_password(password):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt())


def _generate_uuid():
    return str(uuid.uuid4())


class Auth:
    def __init__(self):
        self._db = DB()

    def register_user(self, email, password):
        try:
            self._db.find_user_by(email=email)
        except NoResultFound:
            return self._db.add_user(email, _hash_password(password))
        raise ValueError(f"User {email} already exists")

    def valid_login(self, email, password):
        try:
            user = self._db.find_user_by(email=email)
        except NoResultFound:
            return False
        return bcrypt.checkpw(password.encode(), user.hashed_password)

    def create_session(self, email):
        try:
            user = self._db.find_user_by(email=email)
        except NoResultFound:
            return None
        session_id = _generate_uuid()
        self._db.update_user(user.id, session_id=session_id)
        return session_id

    def get_user_from_session_id(self, session_id):
        if session_id is None:
            return None
        try:
            return self._db.find_user_by(session_id=session_id)
        except NoResultFound:
            return None

    def destroy_session(self, user_id):
        try:
            self._db.update_user(user_id, session_id=None)
        except NoResultFound:
            return None

    def get_reset_password_token(self, email):
        try:
            user = self._db.find_user_by(email=email)
        except NoResultFound:
            raise ValueError
        token = _generate_uuid()
        self._db.update_user(user.id, reset_token=token)
        return token

    def update_password(self, reset_token, password):
        if not reset_token:
            raise ValueError
        try:
            user = self._db.find_user_by(reset_token=reset_token)
        except NoResultFound:
            raise ValueError
        hashed = _hash_password(password)
        self._db.update_user(user.id, hashed_password=hashed, reset_token=None)
""",
    # An absolute redirect, an integer port, no cookie looked up when there is none.
    "app.py": """
from flask import Flask, abort, jsonify, make_response, redirect, request, url_for

from auth import Auth

app = Flask(__name__)
AUTH = Auth()


@app.route("/")
def hello():
    return jsonify(message="Bienvenue")


@app.route("/users", methods=["POST"])
def users():
    email = request.form.get("email")
    try:
        AUTH.register_user(email, request.form.get("password"))
        return jsonify(email=email, message="user created")
    except ValueError:
        return jsonify(message="email already registered"), 400


@app.route("/sessions", methods=["POST"])
def login():
    email = request.form.get("email")
    if not AUTH.valid_login(email, request.form.get("password")):
        abort(401)
    response = make_response(jsonify(email=email, message="logged in"))
    response.set_cookie("session_id", AUTH.create_session(email), path="/", httponly=True)
    return response


@app.route("/sessions", methods=["DELETE"])
def logout():
    session_id = request.cookies.get("session_id")
    if session_id is None:
        abort(403)
    user = AUTH.get_user_from_session_id(session_id=session_id)
    if user is None:
        abort(403)
    AUTH.destroy_session(user_id=user.id)
    return redirect(url_for("hello", _external=True))


@app.route("/profile")
def profile():
    user = AUTH.get_user_from_session_id(request.cookies.get("session_id"))
    if user is None:
        abort(403)
    return jsonify(email=user.email)


@app.route("/reset_password", methods=["POST"])
def get_reset_password_token():
    email = request.form.get("email")
    try:
        return jsonify(email=email, reset_token=AUTH.get_reset_password_token(email))
    except ValueError:
        abort(403)


@app.route("/reset_password", methods=["PUT"])
def update_password():
    email, token = request.form["email"], request.form["reset_token"]
    try:
        AUTH.update_password(token, request.form["new_password"])
    except ValueError:
        abort(403)
    return jsonify({"message": "Password updated", "email": email})


if __name__ == "__main__":
    HOST, PORT = "0.0.0.0", 5000
    app.run(host=HOST, port=PORT, debug=False)
""",
    # Another address, one requests.Session, a redirect that is followed.
    "main.py": """
import requests

BASE = "http://0.0.0.0:5000"
web = requests.Session()


def register_user(email, password):
    r = web.post(f"{BASE}/users", data={"email": email, "password": password})
    assert r.json() == {"email": email, "message": "user created"}


def log_in_wrong_password(email, password):
    r = requests.post(f"{BASE}/sessions", data=dict(email=email, password=password))
    assert r.status_code == 401


def log_in(email, password):
    r = web.post(f"{BASE}/sessions", data=dict(email=email, password=password))
    assert r.status_code == 200
    return r.cookies.get("session_id")


def profile_unlogged():
    assert requests.get(f"{BASE}/profile").status_code == 403


def profile_logged(session_id):
    r = requests.get(f"{BASE}/profile", cookies={"session_id": session_id})
    assert r.status_code == 200


def log_out(session_id):
    r = requests.delete(f"{BASE}/sessions", cookies={"session_id": session_id})
    assert r.url == f"{BASE}/"
    assert r.history[0].status_code == 302


def reset_password_token(email):
    r = requests.post(f"{BASE}/reset_password", data={"email": email})
    assert r.status_code == 200, "no token"
    return r.json().get("reset_token")


def update_password(email, reset_token, new_password):
    data = dict(email=email, reset_token=reset_token, new_password=new_password)
    assert requests.put(f"{BASE}/reset_password", data=data).status_code == 200


if __name__ == "__main__":
    EMAIL, PASSWD, NEW_PASSWD = "guillaume@holberton.io", "b4l0u", "t4rt1fl3tt3"
    register_user(EMAIL, PASSWD)
    log_in_wrong_password(EMAIL, NEW_PASSWD)
    profile_unlogged()
    session_id = log_in(EMAIL, PASSWD)
    profile_logged(session_id)
    log_out(session_id)
    reset_token = reset_password_token(EMAIL)
    update_password(EMAIL, reset_token, NEW_PASSWD)
    log_in(EMAIL, NEW_PASSWD)
""",
}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A folder with the plain implementation."""
    for name, source in PLAIN.items():
        (tmp_path / name).write_text(source.lstrip())
    return tmp_path


def test_a_plain_implementation_passes_all_21_tasks(plain: Path) -> None:
    report = grade(str(plain), beyond=[])
    assert [(r.key, r.expected, r.seen) for r in report.tasks if r.failed] == []


def test_a_plain_implementation_fails_beyond_where_it_is_careless(plain: Path) -> None:
    careless = {"missing-fields", "trailing-slashes", "failed-insert", "shebang", "docstrings"}
    report = grade(str(plain), beyond=careless)
    assert set(report.failed_beyond) == careless


def test_a_broken_function_that_keeps_bytes_is_stood_in_for_by_one_that_does(plain: Path) -> None:
    auth = plain / "auth.py"
    auth.write_text(auth.read_text().replace("already exists", "is taken"))
    assert grade(str(plain), beyond=[]).failed_tasks == [5]


def test_a_folder_with_files_of_its_own_database_and_environment_is_graded(plain: Path) -> None:
    (plain / "a.db").write_text("not a database")
    (plain / ".venv").mkdir()
    (plain / "json.py").write_text("raise SystemExit('shadows the standard library')")
    report = grade(str(plain), beyond=["shebang"])
    assert report.beyond[0].failed
    assert len(report.tasks) == 21
