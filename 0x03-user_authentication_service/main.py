#!/usr/bin/env python3
"""Walk through the whole service, as a user would; silent if all is well."""
import requests

URL = "http://localhost:5000"

EMAIL = "guillaume@holberton.io"
PASSWD = "b4l0u"
NEW_PASSWD = "t4rt1fl3tt3"


def register_user(email: str, password: str) -> None:
    """Check that a new address is registered, and only once."""
    form = {"email": email, "password": password}
    response = requests.post(URL + "/users", data=form)
    assert response.status_code == 200
    assert response.json() == {"email": email, "message": "user created"}
    response = requests.post(URL + "/users", data=form)
    assert response.status_code == 400
    assert response.json() == {"message": "email already registered"}


def log_in_wrong_password(email: str, password: str) -> None:
    """Check that a wrong password is refused and gets no cookie."""
    form = {"email": email, "password": password}
    response = requests.post(URL + "/sessions", data=form)
    assert response.status_code == 401
    assert "session_id" not in response.cookies


def log_in(email: str, password: str) -> str:
    """Check that the right password is accepted, and return the session."""
    form = {"email": email, "password": password}
    response = requests.post(URL + "/sessions", data=form)
    assert response.status_code == 200
    assert response.json() == {"email": email, "message": "logged in"}
    return response.cookies["session_id"]


def profile_unlogged() -> None:
    """Check that a stranger sees no profile."""
    response = requests.get(URL + "/profile")
    assert response.status_code == 403


def profile_logged(session_id: str) -> None:
    """Check that a session shows the profile of its user."""
    cookies = {"session_id": session_id}
    response = requests.get(URL + "/profile", cookies=cookies)
    assert response.status_code == 200
    assert response.json() == {"email": EMAIL}


def log_out(session_id: str) -> None:
    """Check that logging out leads home and ends the session."""
    cookies = {"session_id": session_id}
    response = requests.delete(URL + "/sessions", cookies=cookies)
    assert [hop.status_code for hop in response.history] == [302]
    assert response.url == URL + "/"
    assert response.json() == {"message": "Bienvenue"}
    response = requests.get(URL + "/profile", cookies=cookies)
    assert response.status_code == 403


def reset_password_token(email: str) -> str:
    """Check that a known address gets a reset token, and return it."""
    response = requests.post(URL + "/reset_password", data={"email": email})
    assert response.status_code == 200
    reset_token = response.json()["reset_token"]
    assert response.json() == {"email": email, "reset_token": reset_token}
    return reset_token


def update_password(email: str, reset_token: str, new_password: str) -> None:
    """Check that a token changes the password, and only once."""
    form = {"email": email, "reset_token": reset_token,
            "new_password": new_password}
    response = requests.put(URL + "/reset_password", data=form)
    assert response.status_code == 200
    assert response.json() == {"email": email, "message": "Password updated"}
    response = requests.put(URL + "/reset_password", data=form)
    assert response.status_code == 403


if __name__ == "__main__":
    register_user(EMAIL, PASSWD)
    log_in_wrong_password(EMAIL, NEW_PASSWD)
    profile_unlogged()
    session_id = log_in(EMAIL, PASSWD)
    profile_logged(session_id)
    log_out(session_id)
    reset_token = reset_password_token(EMAIL)
    update_password(EMAIL, reset_token, NEW_PASSWD)
    log_in(EMAIL, NEW_PASSWD)
