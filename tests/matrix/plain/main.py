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
