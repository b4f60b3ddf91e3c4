"""Every page that there is, in an order in which a visitor can come to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from playwright.sync_api import Page

from tests.browser.authenticators import Authenticator, Telephone
from tests.stage.server import Server
from tests.stage.visits import LINK, PASSWORD, eventually, mails

NUMBERS = count(1)
ACCOUNT = ("password", "email", "factors", "sessions", "activity", "export", "delete")


def somebody() -> str:
    """An address that nobody has had."""
    return f"alice{next(NUMBERS)}@example.com"


@contextmanager
def arriving(page: Page) -> Iterator[None]:
    """Around what leads to another page: when it is over, that one is there, style sheet and all.

    A click is over when it is sent, and not when there is an answer.
    """
    # The page before may be loading still; its end is not the one to wait for.
    page.wait_for_load_state()
    with page.expect_event("load"):
        yield


def fill(page: Page, **fields: str) -> None:
    """Write into the fields of these names, send their form, and see the answer."""
    for name, value in fields.items():
        page.locator(f"main [name={name}]").fill(value)
    with arriving(page):
        page.locator("main form:not([data-passkey]) button[type=submit]").click()


def register(page: Page, email: str, password: str = PASSWORD) -> None:
    """Make an account by its page; who does is logged in."""
    page.goto("/register")
    fill(page, email=email, password=password)
    page.wait_for_url("**/account**")


def link_in(site: Server, email: str, path: str) -> str:
    """The newest link to this path in a mail to this address, once it came."""

    def found() -> list[str]:
        texts = [each.read_text() for each in mails(site.data / "mail")]
        hers = [text for text in texts if f"To: {email}\n" in text]
        return [token for text in hers if f"{path}?" in text for token in LINK.findall(text)]

    eventually(lambda: bool(found()))
    return f"{path}?token={found()[-1]}"


def pages(page: Page, site: Server) -> Iterator[str]:
    """Go from page to page; each is named when the browser shows it."""
    email = somebody()
    for name, path in (("home", "/"), ("register", "/register"), ("login", "/login")):
        page.goto(path)
        yield name
    page.goto("/register")
    fill(page, email="no address", password="short")
    yield "register_refused"
    register(page, email)
    yield "account"
    for name in ACCOUNT:
        page.goto(f"/account/{name}")
        yield f"account_{name}"
    page.goto("/account/password")
    fill(page, current_password="marzipan, wrong", new_password=PASSWORD)
    yield "account_password_refused"
    page.goto("/account/delete")
    fill(page)
    yield "account_delete_refused"
    yield from _factors(page, email)
    yield from _address(page, site, email)
    yield from _passkeys(page)
    yield from _by_mail(page, site, email)
    page.goto("/nowhere")
    yield "nothing"
    page.context.clear_cookies()
    page.goto("/account")
    yield "login_first"


def _factors(page: Page, email: str) -> Iterator[str]:
    page.goto("/account/factors")
    with arriving(page):
        page.locator("form[action='/account/factors/otp'] button").click()
    yield "account_otp"
    telephone = Telephone(page)
    fill(page, code="no code")
    yield "account_otp_refused"
    fill(page, code=telephone.code())
    yield "account_codes"
    for name, path in (("account_otp_remove", "factors/otp/remove"), ("proof", "confirm")):
        page.goto(f"/account/{path}")
        yield name
    page.context.clear_cookies()
    page.goto("/login")
    fill(page, email=email, password=PASSWORD)
    yield "login_factor"
    fill(page, code="")
    yield "login_factor_refused"
    page.goto("/login/factor?way=recovery")
    yield "login_recovery"
    fill(page, code=telephone.code())


def _address(page: Page, site: Server, email: str) -> Iterator[str]:
    other = somebody()
    page.goto("/account/email")
    fill(page, email=other, password=PASSWORD)
    yield "account_email_asked"
    page.goto(link_in(site, other, "/profile/email/confirm"))
    yield "confirm"
    page.goto(link_in(site, email, "/profile/email/undo"))
    yield "undo"


def _passkeys(page: Page) -> Iterator[str]:
    device = Authenticator(page)
    page.goto("/account/factors")
    with arriving(page):
        page.locator("form[data-passkey] button").click()
    yield "account_factors_full"
    page.goto("/account/confirm")
    yield "proof_by_passkey"
    page.goto("/account/factors")
    with arriving(page):
        page.locator("a[href^='/account/factors/passkeys/']").click()
    yield "account_passkey"
    page.goto("/account/factors/password")
    yield "account_password_remove"
    fill(page)
    for name in ("password", "email"):
        page.goto(f"/account/{name}")
        yield f"account_{name}_by_passkey"
    # It would log in by itself where the next pages are asked for.
    device.gone()


def _by_mail(page: Page, site: Server, email: str) -> Iterator[str]:
    page.goto("/reset_password")
    yield "reset_ask"
    fill(page, email=email)
    yield "see_mail"
    page.goto(link_in(site, email, "/reset_password"))
    yield "reset"
    page.goto("/reset_password?token=over")
    yield "reset_over"
    site.operate("accounts", "drop-factors", email)
    page.goto("/account/factors")
    yield "account_factors_ending"
    for name in ("keep", "disown"):
        page.goto(link_in(site, email, f"/factors/{name}"))
        yield name
        fill(page)
        yield f"{name}_done"
