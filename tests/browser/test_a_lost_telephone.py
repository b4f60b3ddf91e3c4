"""The whole journey: a passkey, a new browser, an app for codes, all of it lost, and the end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.authenticators import Authenticator, Telephone
from tests.browser.conftest import Visit
from tests.browser.test_passkeys import NOT_BY_ITSELF
from tests.browser.test_the_journey import follow, headed, press
from tests.browser.test_the_journey_by_mail import newest_link
from tests.browser.walk import fill, somebody
from tests.browser.watching import Watched
from tests.stage.secrecy import remember
from tests.stage.server import Server
from tests.stage.smtp import MailServer
from tests.stage.visits import NEW_PASSWORD, PASSWORD, eventually
from vestibule.web.languages import Words


@pytest.fixture(scope="module")
def site(mailing: Server) -> Server:
    """Where addresses are verified."""
    return mailing


def answer(page: Page, code: str) -> None:
    """Send the form for a code."""
    page.locator("main [name=code]").fill(code)
    page.locator("main form:has([name=code]) button").click()


def test_who_loses_every_device_comes_back_with_paper_and_mail(
    visit: Visit, office: MailServer, t: Words
) -> None:
    first, email = visit(locale=t.tag), somebody()
    codes, device = _join(first, office, t, email)
    second = visit(locale=t.tag)
    second.context.add_init_script(NOT_BY_ITSELF)
    Authenticator(second.page).carry(device.passkeys)
    telephone = _add_an_app(second.page, t)
    third = visit(locale=t.tag).page
    _enter(third, t, email, PASSWORD)
    answer(third, "000000")
    expect(third.locator("#code-error")).to_have_text(str(t("refusals.factor_wrong")))
    answer(third, telephone.code())
    headed(third, t("account.title"))
    bare = visit(locale=t.tag).page
    _forget(bare, office, t, email)
    # The mail alone opens nothing: a factor is still asked for.
    _enter(bare, t, email, NEW_PASSWORD)
    follow(bare, t("factor.use_recovery"))
    answer(bare, codes[0])
    headed(bare, t("account.title"))
    for other in (first.page, second.page, third):
        other.goto("/account")
        headed(other, t("login.title"))
    bare.goto("/account/factors/otp/remove")
    press(bare, t("otp_remove.send"))
    headed(bare, t("factors.title"))
    # Before the end: with the account go the mails that wait for it.
    told = {"A recovery code was used", "One-time codes are off"}
    eventually(
        lambda: told <= {str(mail["Subject"]) for mail in office.mails() if mail["To"] == email}
    )
    bare.goto("/account/delete")
    bare.get_by_label(str(t("delete.sure"))).check()
    press(bare, t("delete.send"))
    expect(bare.get_by_role("status")).to_have_text(str(t("notices.deleted")))


def _join(
    visitor: Watched, office: MailServer, t: Words, email: str
) -> tuple[list[str], Authenticator]:
    """An account whose address is verified, with a passkey: its codes, and the device."""
    visitor.context.add_init_script(NOT_BY_ITSELF)
    page, device = visitor.page, Authenticator(visitor.page)
    page.goto("/register")
    fill(page, email=email, password=PASSWORD)
    headed(page, t("see_mail.title"))
    page.goto(newest_link(office, email, "/verify_email"))
    fill(page, password=PASSWORD)
    headed(page, t("verify.done"))
    page.goto("/account/factors")
    press(page, t("passkey.add"))
    headed(page, t("codes.title"))
    return [remember(code) for code in page.locator("#codes code").all_inner_texts()], device


def _add_an_app(page: Page, t: Words) -> Telephone:
    """Log in with a passkey that came along, and add an app for codes."""
    page.goto("/login")
    press(page, t("passkey.log_in"))
    headed(page, t("account.title"))
    page.goto("/account/factors")
    press(page, t("factors.otp_add"))
    headed(page, t("otp.title"))
    telephone = Telephone(page)
    answer(page, telephone.code())
    headed(page, t("factors.title"))
    return telephone


def _enter(page: Page, t: Words, email: str, password: str) -> None:
    page.goto("/login")
    fill(page, email=email, password=password)
    headed(page, t("factor.title"))


def _forget(page: Page, office: MailServer, t: Words, email: str) -> None:
    page.goto("/reset_password")
    fill(page, email=email)
    headed(page, t("see_mail.title"))
    page.goto(newest_link(office, email, "/reset_password"))
    fill(page, new_password=NEW_PASSWORD)
    headed(page, t("reset_done.title"))
