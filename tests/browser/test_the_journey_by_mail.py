"""The whole journey where addresses are verified: each link comes by a real mail server."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_every_page import found
from tests.browser.test_the_journey import headed, press
from tests.browser.walk import fill, somebody
from tests.stage.server import Server
from tests.stage.smtp import MailServer, text
from tests.stage.visits import NEW_PASSWORD, PASSWORD, eventually
from vestibule.web.languages import Words


@pytest.fixture(scope="module")
def site(mailing: Server) -> Server:
    """Where addresses are verified."""
    return mailing


def newest_link(office: MailServer, email: str, path: str, *, least: int = 1) -> str:
    """The path and query of the newest link there in a mail to this address, once it came.

    :param least: how many such links come, if it is not the first.
    """

    def links() -> list[str]:
        hers = [mail for mail in office.mails() if mail["To"] == email]
        words = [word for mail in hers for word in text(mail).split()]
        found = [urlsplit(word) for word in words if word.startswith("http")]
        return [f"{url.path}?{url.query}" for url in found if url.path == path and url.query]

    eventually(lambda: len(links()) >= least)
    return links()[-1]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_a_registration_to_the_end_of_the_account(
    visit: Visit, office: MailServer, t: Words, scripts: bool
) -> None:
    page, email = visit(locale=t.tag, java_script_enabled=scripts).page, somebody()
    page.goto("/register")
    fill(page, email=email, password=PASSWORD)
    headed(page, t("see_mail.title"))
    _not_before_the_mail(page, t, email)
    # Who tried before that got another link, and the first is over.
    page.goto(newest_link(office, email, "/verify_email", least=2))
    headed(page, t("verify.title"))
    fill(page, password="marzipan, wrong")
    expect(page.locator("#password-error")).to_be_visible()
    fill(page, password=PASSWORD)
    headed(page, t("verify.done"))
    page.get_by_role("link", name=str(t("page.account"))).click()
    headed(page, t("account.title"))
    press(page, t("page.log_out"))
    expect(page.get_by_role("status")).to_have_text(str(t("notices.logged_out")))
    _choose_another_password(page, office, t, email)
    page.goto("/login")
    fill(page, email=email, password=NEW_PASSWORD)
    headed(page, t("account.title"))
    # Before the end: with the account go the mails that wait for it.
    _told(office, email, "password was")
    page.goto("/account/delete")
    page.get_by_label(str(t("delete.sure"))).check()
    press(page, t("delete.send"))
    expect(page.get_by_role("status")).to_have_text(str(t("notices.deleted")))
    _told(office, email, "deleted")


def _told(office: MailServer, email: str, what: str) -> None:
    """Wait for the mail with this in its subject."""
    eventually(
        lambda: any(what in str(mail["Subject"]) for mail in office.mails() if mail["To"] == email)
    )


def _not_before_the_mail(page: Page, t: Words, email: str) -> None:
    page.goto("/login")
    fill(page, email=email, password=PASSWORD)
    expect(page.locator("#password-error")).to_have_text(str(t("refusals.credentials_unsure")))
    expect(page.locator("[name=email]")).to_have_value(email)


def _choose_another_password(page: Page, office: MailServer, t: Words, email: str) -> None:
    page.goto("/reset_password")
    fill(page, email=email)
    headed(page, t("see_mail.title"))
    link = newest_link(office, email, "/reset_password")
    page.goto(link)
    fill(page, new_password="password1")
    expect(page.locator("#new_password-error")).to_have_text(str(t("rules.common")))
    expect(page.locator("#new_password-advice")).to_have_text(str(t("advice.more_words")))
    fill(page, new_password=NEW_PASSWORD)
    headed(page, t("reset_done.title"))
    page.goto(link)
    headed(page, t("over.title"))


def test_the_mail_to_a_new_address_and_the_way_back(
    visit: Visit, office: MailServer, t: Words
) -> None:
    page, email, other = visit(locale=t.tag).page, somebody(), somebody()
    page.goto("/register")
    fill(page, email=email, password=PASSWORD)
    _whole(page, t("see_mail.title"))
    page.goto(newest_link(office, email, "/verify_email"))
    _whole(page, t("verify.title"))
    fill(page, password=PASSWORD)
    _whole(page, t("verify.done"))
    page.goto("/account/email")
    fill(page, email=other, password=PASSWORD)
    expect(page.get_by_role("status")).to_have_text(str(t("notices.email_asked")))
    page.goto(newest_link(office, other, "/profile/email/confirm"))
    fill(page, password=PASSWORD)
    _whole(page, t("confirm.done"))
    expect(page.get_by_role("status")).to_contain_text(other)
    page.goto(newest_link(office, email, "/profile/email/undo", least=2))
    press(page, t("undo.send"))
    _whole(page, t("undo.done"))
    expect(page.get_by_role("status")).to_contain_text(email)


def _whole(page: Page, words: object) -> None:
    """The page has this heading, and axe-core finds nothing on it."""
    headed(page, words)
    assert found(page) == []
