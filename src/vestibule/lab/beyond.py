"""Beyond the exercise, over HTTP: empty secrets, missing fields, long passwords, many at once."""

from collections import Counter
from contextlib import suppress
from functools import partial

from vestibule.lab.client import Answer
from vestibule.lab.probe.verdict import Unmet
from vestibule.lab.routes import nobody
from vestibule.lab.site import Person, Site, over_http, somebody

AT_ONCE = 12
# bcrypt reads this much of a password.
BCRYPT_BYTES = 72


@over_http("empty-secrets")
def empty_secrets(site: Site) -> None:
    """An absent or empty cookie or token opens nobody's account."""
    person = site.account()
    could_log_in = site.logs_in(person)
    # What a hole opens is the account of somebody who has no session and no token: not yet ...
    site.account()
    form = {"email": person.email, "new_password": somebody().password}
    without_secrets(site, form)
    # ... or no longer.
    spend_secrets(site)
    without_secrets(site, form)
    if could_log_in and not site.logs_in(person):
        raise Unmet("the password as before", "changed without a token")


def without_secrets(site: Site, form: dict[str, str]) -> None:
    """Let a target pass that answers 403 without a token, and without a session.

    :raises Unmet: it answers something else.
    """
    site.send("PUT", "/reset_password", form, what="no reset_token").must(403)
    empty = {**form, "reset_token": ""}
    site.send("PUT", "/reset_password", empty, what="an empty reset_token").must(403)
    for method, path in (("GET", "/profile"), ("DELETE", "/sessions")):
        nobody(site, method, path)


def spend_secrets(site: Site) -> None:
    """Have an account whose session has ended and whose token is used, as far as the target can."""
    person = site.account()
    # Whether these routes do what they should is asked elsewhere.
    with suppress(Unmet):
        site.send("DELETE", "/sessions", session_id=site.session_of(person))
    with suppress(Unmet):
        form = {"email": person.email, "reset_token": site.token_of(person)}
        site.send("PUT", "/reset_password", {**form, "new_password": person.password})


@over_http("missing-fields")
def missing_fields(site: Site) -> None:
    """Missing and empty fields get 400, 401 or 403, as the route refuses, and never a 500."""
    person = site.account()
    must_refuse(site, "POST", "/users", somebody()._asdict(), 400)
    must_refuse(site, "POST", "/sessions", person._asdict(), 401)
    must_refuse(site, "POST", "/reset_password", {"email": person.email}, 403)
    for name in ("email", "new_password"):
        token = site.token_of(person)
        form = {"email": person.email, "reset_token": token, "new_password": person.password}
        must_refuse(site, "PUT", "/reset_password", form, 403, only=name)


def must_refuse(
    site: Site, method: str, path: str, form: dict[str, str], status: int, only: str = ""
) -> None:
    """Let a route pass that refuses a form without each of its fields, or without ``only`` one.

    :raises Unmet: it answers something else.
    """
    for name in [only] if only else form:
        rest = {key: value for key, value in form.items() if key != name}
        site.send(method, path, rest, what=f"no {name}").must(status)
        site.send(method, path, {**form, name: ""}, what=f"an empty {name}").must(status)


@over_http("trailing-slashes")
def trailing_slashes(site: Site) -> None:
    """Every route answers with a slash at its end as without."""
    person = somebody()
    site.send("POST", "/users/", person._asdict()).must(200)
    person = site.account()
    site.send("POST", "/sessions/", person._asdict()).must(200)
    session_id = site.session_of(person)
    site.send("GET", "/profile/", session_id=session_id).must(200)
    site.send("DELETE", "/sessions/", session_id=session_id).must(302)
    site.send("POST", "/reset_password/", {"email": person.email}).must(200)
    token = site.token_of(person)
    form = {"email": person.email, "reset_token": token, "new_password": person.password}
    site.send("PUT", "/reset_password/", form).must(200)


@over_http("long-passwords", patience=2)
def long_passwords(site: Site) -> None:
    """A password of more than 72 bytes counts in full or is refused, and never breaks anything."""
    for start in ("x" * BCRYPT_BYTES, "€" * (BCRYPT_BYTES // 3)):
        person = somebody()._replace(password=start + "1")
        registered = answered(site.send("POST", "/users", person._asdict(), what="long password"))
        if registered.status == 200:
            twin = person._replace(password=start + "2")
            site.send("POST", "/sessions", twin._asdict(), what="the same 72 bytes").must(401)
            site.send("POST", "/sessions", person._asdict(), what="long password").must(200)
        else:
            registered.must(400)
    person = site.account()
    wrong = person._replace(password="y" * 200)
    site.send("POST", "/sessions", wrong._asdict(), what="200 bytes").must(401)
    token = site.token_of(person)
    form = {"email": person.email, "reset_token": token, "new_password": "z" * 200}
    answered(site.send("PUT", "/reset_password", form, what="200 bytes"))


def answered(answer: Answer) -> Answer:
    """Return an answer that is no error of the target's own.

    :raises Unmet: it is.
    """
    if answer.status >= 500:
        raise Unmet(f"{answer.asked}: less than 500", answer.seen)
    return answer


@over_http("concurrent-registration", patience=3)
def concurrent_registration(site: Site) -> None:
    """Of 12 registrations of one e-mail at once, one gets the account."""
    form = somebody()._asdict()
    register = partial(site.send, "POST", "/users", form)
    counted(site.at_once([register] * AT_ONCE), {200: 1, 400: AT_ONCE - 1})


@over_http("concurrent-reset", patience=3)
def concurrent_reset(site: Site) -> None:
    """Of 12 uses of one token at once, one succeeds."""
    person = site.account()
    form = {"email": person.email, "reset_token": site.token_of(person)}
    forms = [{**form, "new_password": somebody().password} for _ in range(AT_ONCE)]
    updates = [partial(site.send, "PUT", "/reset_password", form) for form in forms]
    counted(site.at_once(updates), {200: 1, 403: AT_ONCE - 1})


def counted(answers: list[Answer], expected: dict[int, int]) -> None:
    """Let answers pass if each status came as often as it should.

    :raises Unmet: they did not.
    """
    seen = dict(sorted(Counter(answer.status for answer in answers).items()))
    if seen != expected:
        asked = f"{len(answers)} x {answers[0].asked} at once"
        errors = Counter(answer.seen for answer in answers if answer.status >= 500)
        worst = "".join(f", as {text}" for text, _ in errors.most_common(1))
        raise Unmet(f"{asked}: statuses {expected}", f"statuses {seen}{worst}")


@over_http("parallel-requests", patience=4)
def parallel_requests(site: Site) -> None:
    """People who log in and look at their profiles at the same time are all served."""
    people = [site.account() for _ in range(AT_ONCE)]

    def visit(person: Person) -> Answer:
        answer = site.send("POST", "/sessions", person._asdict()).must(200)
        session_id = answer.cookie("session_id")
        for _ in range(3):
            answer = site.send("GET", "/profile", session_id=session_id)
            answer.must(200, {"email": person.email})
        return answer

    site.at_once([partial(visit, person) for person in people])


@over_http("dropped-database")
def dropped_database(site: Site) -> None:
    """After the database was dropped and recreated, the next request works."""
    person = site.account()
    for delete_first in (False, True):
        site.recreate_database(delete_first=delete_first)
        everything_works(site, person)


def everything_works(site: Site, person: Person) -> None:
    """Let a target pass that registers somebody and lets them in.

    :raises Unmet: it does not.
    """
    what = "after the database was recreated"
    site.send("POST", "/users", person._asdict(), what=what).must(200)
    answer = site.send("POST", "/sessions", person._asdict(), what=what).must(200)
    site.send("GET", "/profile", session_id=answer.cookie("session_id"), what=what).must(200)
