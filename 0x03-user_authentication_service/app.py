#!/usr/bin/env python3
"""HTTP: what a browser may ask for, and the answers it gets."""
from flask import Flask, abort, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from auth import Auth, UnusablePassword

app = Flask(__name__)
app.url_map.strict_slashes = False
# A form is read into memory: without a limit, one request could fill it.
app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
AUTH = Auth()


def field(name: str) -> str:
    """Return a field of the form, empty if it is missing or not text."""
    try:
        value = request.form.get(name, "")
        value.encode("utf-8")
    except (UnicodeError, LookupError, OSError):
        # Half a character, an encoding that does not exist, a body that
        # breaks off: the client's mistakes, and never a 500 of ours.
        return ""
    return value


@app.route("/", methods=["GET"])
def index() -> ResponseReturnValue:
    """Say welcome."""
    return jsonify({"message": "Bienvenue"})


@app.route("/users", methods=["POST"])
def users() -> ResponseReturnValue:
    """Register a new user."""
    email, password = field("email"), field("password")
    if not email or not password:
        return jsonify({"message": "email and password are required"}), 400
    try:
        AUTH.register_user(email, password)
    except UnusablePassword as reason:
        return jsonify({"message": str(reason)}), 400
    except ValueError:
        return jsonify({"message": "email already registered"}), 400
    return jsonify({"email": email, "message": "user created"})


@app.route("/sessions", methods=["POST"])
def login() -> ResponseReturnValue:
    """Log in: hand out a cookie that says who is asking from now on."""
    email, password = field("email"), field("password")
    # 401: the client may try again with the right password. One answer for
    # unknown and for wrong, or it would tell who has an account.
    if not AUTH.valid_login(email, password):
        abort(401)
    session_id = AUTH.create_session(email)
    if not session_id:
        abort(401)
    response = jsonify({"email": email, "message": "logged in"})
    response.set_cookie("session_id", session_id)
    return response


@app.route("/sessions", methods=["DELETE"])
def logout() -> ResponseReturnValue:
    """Log out: the cookie opens nothing any more."""
    user = AUTH.get_user_from_session_id(request.cookies.get("session_id"))
    if user is None:
        abort(403)
    AUTH.destroy_session(user.id)
    return redirect("/")


@app.route("/profile", methods=["GET"])
def profile() -> ResponseReturnValue:
    """Tell a user who is logged in who they are."""
    user = AUTH.get_user_from_session_id(request.cookies.get("session_id"))
    if user is None:
        abort(403)
    return jsonify({"email": user.email})


@app.route("/reset_password", methods=["POST"])
def get_reset_password_token() -> ResponseReturnValue:
    """Give a token to a user who forgot the password."""
    email = field("email")
    try:
        reset_token = AUTH.get_reset_password_token(email)
    except ValueError:
        abort(403)
    # In real life the token travels by mail: here, whoever knows an address
    # takes over the account.
    return jsonify({"email": email, "reset_token": reset_token})


@app.route("/reset_password", methods=["PUT"])
def update_password() -> ResponseReturnValue:
    """Spend a token to set a new password."""
    email, reset_token = field("email"), field("reset_token")
    new_password = field("new_password")
    if not email or not reset_token or not new_password:
        abort(403)
    try:
        AUTH.update_password(reset_token, new_password)
    except UnusablePassword as reason:
        return jsonify({"message": str(reason)}), 400
    except ValueError:
        abort(403)
    return jsonify({"email": email, "message": "Password updated"})


if __name__ == "__main__":
    app.run(host="0.0.0.0", port="5000")
