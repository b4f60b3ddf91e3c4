"""A43: text that a user chose is text wherever it is shown, and no script could run there."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
import requests

from tests.attacks.people import Person, browser
from tests.attacks.routes import routes
from tests.stage.pages import without_ours
from tests.stage.server import Server
from tests.stage.visits import eventually

MARK = "zzxss"
PAYLOAD = f"\"'><img src=x onerror={MARK}(1)><script>{MARK}(2)</script>{{{{1337*1337}}}}"
PAYLOAD += "${1337*1337}<%= 1337*1337 %>#{1337*1337}"
# What mail addresses may hold of what HTML and templates take for their own.
NAMES = ["o'hara&lt", "a&amp{{1337*1337}}", "${1337*1337}", "`id`|'+1+'", "x'/**/onfocus='a"]
NAMES += ["=cmd|'a'!a"]
PRODUCT = str(1337 * 1337)


class Page(HTMLParser):
    """The tags of a page, and the attributes that could run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.dangers: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        for name, value in attrs:
            runs = name.startswith("on") or name in ("srcdoc", "formaction")
            if runs or (value or "").strip().lower().startswith(("javascript:", "data:")):
                self.dangers.append(f"{tag} {name}")

    def handle_data(self, data: str) -> None:
        """Note what people read, with character references resolved."""
        self.text += data


def harmless(answer: requests.Response) -> None:
    """Nothing of the payload is markup there, and nothing inline could run if it were."""
    kind = answer.headers.get("Content-Type", "")
    assert PRODUCT not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy.replace("script-src 'self'; ", "")
    assert "frame-ancestors 'none'" in policy
    if kind.startswith("text/html"):
        page = Page(without_ours(answer.text))
        assert page.dangers == []
        # The policy forbids it; in a mail, which no policy goes with, it is how there is a style.
        assert "style" not in page.names
        assert not {"script", "iframe", "object", "embed", "base", "svg"} & set(page.tags)
        assert f"<script>{MARK}" not in answer.text
    elif MARK in answer.text:
        assert "json" in kind


def test_html_in_every_field_is_escaped(target: Server, victim: Person) -> None:
    """A43: every route, every field of a body, every query, and the headers that are shown."""
    victim.log_in()
    for route in routes(target):
        if route.label.startswith("DELETE") or route.path == "/logout":
            continue
        fields = dict.fromkeys(route.example, PAYLOAD)
        query = dict.fromkeys((*route.query, "q"), PAYLOAD)
        for kind in route.kinds or ("",):
            if kind != "multipart/form-data":
                headers = {"Accept": "text/html", "User-Agent": PAYLOAD, "Referer": PAYLOAD}
                harmless(
                    route.ask(victim.browser, fields, kind=kind, params=query, headers=headers)
                )
    harmless(victim.browser.get(f"/{PAYLOAD}"))


def test_the_form_of_a_true_link_shows_text(target: Server, victim: Person) -> None:
    """A43: the page that shows what was typed, when it is refused."""
    token = victim.reset_token()
    with browser(target) as owner:
        for password in (PAYLOAD[:7], "\"'><b>"):
            fields = {"reset_token": token, "new_password": password}
            answer = owner.post("/reset_password/new", data=fields)
            assert answer.status_code == 400
            harmless(answer)


def test_a_device_is_shown_in_words_not_as_it_calls_itself(victim: Person) -> None:
    """A43: what a stolen password's browser would call itself, to its owner."""
    agent = {"User-Agent": PAYLOAD}
    victim.browser.post("/sessions", data=victim.credentials(), headers=agent)
    answer = victim.browser.get("/sessions")
    assert MARK not in answer.text
    harmless(answer)


@pytest.mark.parametrize("name", NAMES)
def test_an_address_in_a_mail_is_text(target: Server, name: str) -> None:
    """A43: what an address may hold is neither HTML nor a template, in any part of a mail."""
    person = Person(target, name=name).register()
    person.ask_reset()
    eventually(lambda: len(person.mails()) == 1)
    (mail,) = person.mails()
    texts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    assert texts
    for part in mail.walk():
        if part.get_content_type() == "text/html":
            page = Page(part.get_content())
            assert page.dangers == []
            assert person.email in page.text
        elif part.get_content_type() == "text/plain":
            assert person.email in part.get_content()
    assert PRODUCT not in "".join(texts)
