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
