"""From an app for codes to a new browser, a lost telephone, and a password forgotten besides."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_the_journey_by_mail import headed, newest_link, press
from tests.browser.walk import fill, somebody
from tests.stage.factors import STEP_SECONDS, code_of
from tests.stage.secrecy import remember
from tests.stage.server import Server
from tests.stage.smtp import MailServer
from tests.stage.visits import NEW_PASSWORD, PASSWORD, eventually
from vestibule.web.languages import Words


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    """A mail server."""
    started = MailServer(tmp_path_factory.mktemp("office")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, office: MailServer) -> Iterator[Server]:
    """The service, which sends its mails there."""
    folder = tmp_path_factory.mktemp("site")
    server = Server(folder, **office.settings(smtp_timeout="5s")).start()
    yield server
    server.stop()


def follow(page: Page, name: object) -> None:
    """Follow the link with these words."""
    page.get_by_role("link", name=str(name), exact=True).click()


def answer(page: Page, code: str) -> None:
    """Send the form for a code."""
    page.locator("main [name=code]").fill(code)
    page.locator("main form:has([name=code]) button").click()


def test_who_loses_the_telephone_comes_back_with_paper_and_mail(
    visit: Visit, office: MailServer, t: Words
) -> None:
    page, email = visit(locale=t.tag).page, somebody()
    page.goto("/register")
    fill(page, email=email, password=PASSWORD)
    headed(page, t("see_mail.title"))
    page.goto(newest_link(office, email, "/verify_email"))
    fill(page, password=PASSWORD)
    headed(page, t("verify.done"))
    secret, codes = _add_an_app(page, t)
    strange = visit(locale=t.tag).page
    _enter(strange, t, email, PASSWORD)
    answer(strange, "000000")
    expect(strange.locator("#code-error")).to_have_text(str(t("refusals.factor_wrong")))
    # The code of this half minute was used up by adding the app.
    answer(strange, code_of(secret, time.time() + STEP_SECONDS))
    headed(strange, t("account.title"))
    bare = visit(locale=t.tag).page
    _forget(bare, office, t, email)
    # The mail alone opens nothing: the factor is still asked for.
    _enter(bare, t, email, NEW_PASSWORD)
    follow(bare, t("factor.use_recovery"))
    answer(bare, codes[0])
    headed(bare, t("account.title"))
    for other in (page, strange):
        other.goto("/account")
        headed(other, t("login.title"))
    bare.goto("/account/factors/otp/remove")
    press(bare, t("otp_remove.send"))
    headed(bare, t("factors.title"))
    bare.goto("/account/delete")
    bare.get_by_label(str(t("delete.sure"))).check()
    press(bare, t("delete.send"))
    expect(bare.get_by_role("status")).to_have_text(str(t("notices.deleted")))
    told = {"A recovery code was used", "One-time codes are off"}
    eventually(
        lambda: told <= {str(mail["Subject"]) for mail in office.mails() if mail["To"] == email}
    )


def _add_an_app(page: Page, t: Words) -> tuple[str, list[str]]:
    page.goto("/account/factors")
    press(page, t("factors.otp_add"))
    headed(page, t("otp.title"))
    secret = remember(page.locator("pre.key").inner_text().replace(" ", ""))
    answer(page, code_of(secret, time.time()))
    headed(page, t("codes.title"))
    return secret, [remember(code) for code in page.locator("#codes code").all_inner_texts()]


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
