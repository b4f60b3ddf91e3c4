"""The tasks that are routes: 6, 7, 11, 14, 15, 17 and 19."""

from urllib.parse import urlsplit

from vestibule.lab.client import Answer
from vestibule.lab.probe.verdict import Unmet
from vestibule.lab.site import Site, over_http, somebody


@over_http(6)
def index(site: Site) -> None:
    """GET / says Bienvenue."""
    answer = site.send("GET", "/").must(200, {"message": "Bienvenue"})
    kind = answer.headers.get_content_type()
    if kind != "application/json":
        raise Unmet("GET /: Content-Type application/json, as jsonify gives it", kind)


@over_http(7)
def users(site: Site) -> None:
    """POST /users registers somebody, once."""
    person = somebody()
    form = person._asdict()
    created = {"email": person.email, "message": "user created"}
    site.send("POST", "/users", form).must(200, created)
    site.must_know(person)
    taken = {"message": "email already registered"}
    site.send("POST", "/users", form, what="a known e-mail").must(400, taken)


@over_http(11)
def login(site: Site) -> None:
    """POST /sessions gives a cookie for the right password, and for nothing else."""
    person, stranger = site.account(), somebody()
    answer = site.send("POST", "/sessions", person._asdict())
    answer.must(200, {"email": person.email, "message": "logged in"})
    session_id = answer.cookie("session_id")
    if not session_id:
        raise Unmet("POST /sessions: a cookie session_id", "no such cookie")
    site.must_open(session_id, person)
    wrong = {"email": person.email, "password": stranger.password}
    refused(site.send("POST", "/sessions", wrong, what="a wrong password"))
    refused(site.send("POST", "/sessions", stranger._asdict(), what="an unknown e-mail"))


def refused(answer: Answer) -> None:
    """Let a login pass that was refused without a cookie.

    :raises Unmet: it was let in, or got a cookie.
    """
    answer.must(401)
    if answer.cookie("session_id"):
        raise Unmet(f"{answer.asked}: no cookie session_id", "a cookie session_id")


@over_http(14)
def logout(site: Site) -> None:
    """DELETE /sessions ends the session and leads to /."""
    session_id = site.session_of(site.account())
    answer = site.send("DELETE", "/sessions", session_id=session_id).must(302)
    place = answer.headers.get("Location", "")
    parts = urlsplit(place)
    # An absolute address of the target itself is as good: frameworks differ.
    home = parts.path in ("/", "") and parts.netloc in ("", site.client.netloc)
    if not place or not home or parts.query:
        raise Unmet("DELETE /sessions: Location: /", f"Location: {place}" if place else "none")
    nobody(site, "DELETE", "/sessions", ended=session_id)


@over_http(15)
def profile(site: Site) -> None:
    """GET /profile tells who is logged in, and 403 to everybody else."""
    person = site.account()
    session_id = site.session_of(person)
    site.send("GET", "/profile", session_id=session_id).must(200, {"email": person.email})
    nobody(site, "GET", "/profile")


def nobody(site: Site, method: str, path: str, ended: str | None = None) -> None:
    """Let a route pass that answers 403 to everybody who is not logged in.

    :raises Unmet: it answers something else.
    """
    if ended is not None:
        site.send(method, path, session_id=ended, what="a session that ended").must(403)
    site.send(method, path, session_id="unknown", what="an unknown cookie").must(403)
    site.send(method, path, session_id="", what="an empty cookie").must(403)
    site.send(method, path, what="no cookie").must(403)


@over_http(17)
def reset_password(site: Site) -> None:
    """POST /reset_password gives a token to who is known."""
    person = site.account()
    answer = site.send("POST", "/reset_password", {"email": person.email})
    token = answer.field("reset_token")
    answer.must(200, {"email": person.email, "reset_token": token or "a token"})
    stranger = {"email": somebody().email}
    site.send("POST", "/reset_password", stranger, what="an unknown e-mail").must(403)


@over_http(19)
def update_password(site: Site) -> None:
    """PUT /reset_password changes the password of who holds the token, once."""
    person = site.account()
    renewed = person._replace(password=somebody().password)
    could_log_in = site.logs_in(person)
    token = site.token_of(person)
    form = {"email": person.email, "reset_token": token, "new_password": renewed.password}
    wrong = {**form, "reset_token": "unknown"}
    site.send("PUT", "/reset_password", wrong, what="an unknown token").must(403)
    changed = {"email": person.email, "message": "Password updated"}
    site.send("PUT", "/reset_password", form).must(200, changed)
    # Where login itself is broken, that is the mistake of task 11.
    if could_log_in and not site.logs_in(renewed):
        raise Unmet("PUT /reset_password: the new password logs in", "it does not")
    if could_log_in and site.logs_in(person):
        raise Unmet("PUT /reset_password: the old password does not log in", "it does")
    site.send("PUT", "/reset_password", form, what="a used token").must(403)
