"""A43 on pages: whoever chose a text, it is text there; and no page runs what a text holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.attacks.people import PASSWORD, Person
from tests.attacks.test_html_in_texts import MARK, NAMES, PAYLOAD, PRODUCT, Page, harmless
from tests.stage.profiles import UNLIMITED
from tests.stage.server import Server

SITE = f"\"'><img src=x onerror={MARK}(1)>{{{{1337*1337}}}}"
LOOKS = {"Accept": "text/html"}
OWN = ("", "/password", "/email", "/sessions", "/activity", "/export", "/delete")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose operator gave it a name that is HTML."""
    folder = tmp_path_factory.mktemp("target")
    server = Server(folder, workers=2, site_name=SITE, **UNLIMITED)
    yield server.start()
    server.stop()


def shown(person: Person, path: str, **headers: str) -> Page:
    """A page as a browser gets it, with nothing in it that could run."""
    answer = person.browser.get(path, headers=LOOKS | headers)
    assert answer.headers["Content-Type"].startswith("text/html"), answer.text
    harmless(answer)
    return Page(answer.text)


def test_the_name_of_the_site_is_text(victim: Person) -> None:
    """A43: the title, and the top of every page."""
    victim.log_in()
    for path in ("/", "/login", "/register", "/reset_password", "/docs", "/nowhere", "/account"):
        page = shown(victim, path)
        assert page.text.count(SITE) >= 2, path
        assert "img" in page.tags, "ours, and no other"
        assert page.tags.count("img") == 1


@pytest.mark.parametrize("name", NAMES)
def test_an_address_is_text_on_every_page_of_its_account(target: Server, name: str) -> None:
    """A43: what an address may hold, where its owner sees it."""
    person = Person(target, name=name).register()
    person.log_in()
    said = [shown(person, f"/account{path}").text for path in OWN]
    assert sum(person.email in text for text in said) >= 3
    form = {"email": f"{name}@example.net", "password": "marzipan, wrong"}
    answer = person.browser.post("/account/email", data=form, headers=LOOKS)
    assert answer.status_code == 401
    harmless(answer)


def test_a_browsers_name_for_itself_is_text_where_sessions_are_listed(victim: Person) -> None:
    """A43: what whoever has the password would call their browser."""
    victim.log_in()
    for agent in (PAYLOAD, f"Mozilla/5.0 (X11; Linux) Firefox/1 {PAYLOAD}", f"{MARK} on <b>"):
        again = Person(victim.server)
        again.email = victim.email
        form = {"email": victim.email, "password": PASSWORD}
        again.browser.post("/login", data=form, headers=LOOKS | {"User-Agent": agent})
    for path in ("/account/sessions", "/account/activity"):
        page = shown(victim, path)
        assert MARK not in page.text.replace(SITE, "")


def test_where_to_go_on_is_text_and_leads_nowhere_else(victim: Person) -> None:
    """A43: ``next``, in forms, in links to the other form, and after a login."""
    elsewhere = ("javascript:zzxss(1)", "//evil.example", "/\\evil.example", "/\t/evil.example")
    for evil in (PAYLOAD, f"/x{PAYLOAD}", *elsewhere):
        for path in ("/login", "/register"):
            answer = victim.browser.get(path, params={"next": evil}, headers=LOOKS)
            assert PRODUCT not in answer.text
            links = re.findall(r'(?:href|action)="([^"]*)"', answer.text)
            assert all(link.startswith(("/", "#")) and link[:2] != "//" for link in links)
        form = {"email": victim.email, "password": PASSWORD, "next": evil}
        answer = victim.browser.post("/login", data=form, headers=LOOKS)
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/account?arrived=1"


@pytest.mark.parametrize("cookie", ["language", "notice", "device", "session_id"])
def test_a_cookie_is_shown_to_nobody(target: Server, cookie: str) -> None:
    """A43: a cookie that a sibling host planted, in each way that pages read one."""
    visitor = Person(target)
    planted = re.sub(r"[;\s,]", "", PAYLOAD)
    for value in (planted, f'"{planted}"', "../../etc/passwd", "xx", "\\x3cscript\\x3e"):
        for path, status in (("/", 200), ("/login", 200), ("/account", 401), ("/nowhere", 404)):
            headers = LOOKS | {"Cookie": f"{cookie}={value}"}
            answer = visitor.browser.get(path, headers=headers)
            assert answer.status_code == status
            assert MARK not in answer.text.replace(answer.text[: answer.text.index("<main")], "")
            harmless(answer)
