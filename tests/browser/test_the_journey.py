"""From nothing to an account and out again, in each language, with scripts and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.walk import arriving, fill, link_in, somebody
from tests.stage.server import Server
from tests.stage.visits import NEW_PASSWORD, PASSWORD
from vestibule.web.languages import Words


def press(page: Page, name: object) -> None:
    """Press the button with these words, and see where it leads."""
    with arriving(page):
        page.get_by_role("button", name=str(name), exact=True).click()


def follow(page: Page, name: object) -> None:
    """Follow the link with these words."""
    with arriving(page):
        page.get_by_role("link", name=str(name), exact=True).first.click()


def headed(page: Page, words: object) -> None:
    """The page has this heading."""
    expect(page.get_by_role("heading", level=1)).to_have_text(str(words))


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_whole_journey(visit: Visit, site: Server, t: Words, scripts: bool) -> None:
    page = visit(locale=t.tag, java_script_enabled=scripts).page
    email = somebody()
    page.goto("/")
    follow(page, t("home.register"))
    fill(page, email=email, password="marzi")
    expect(page.locator("#password-error")).to_have_text(str(t("rules.too_short", fewest=8)))
    expect(page.locator("[name=email]")).to_have_value(email)
    fill(page, password=PASSWORD)
    headed(page, t("account.title"))
    expect(page.get_by_text(email)).to_be_visible()
    press(page, t("page.log_out"))
    expect(page.get_by_role("status")).to_have_text(str(t("notices.logged_out")))
    follow(page, t("home.log_in"))
    fill(page, email=email, password=PASSWORD)
    headed(page, t("account.title"))
    press(page, t("page.log_out"))
    _choose_another(page, site, t, email)
    fill(page, email=email, password=NEW_PASSWORD)
    follow(page, t("account.delete_see"))
    page.get_by_label(str(t("delete.sure"))).check()
    press(page, t("delete.send"))
    expect(page.get_by_role("status")).to_have_text(str(t("notices.deleted")))


def _choose_another(page: Page, site: Server, t: Words, email: str) -> None:
    page.goto("/login")
    follow(page, t("login.forgotten"))
    fill(page, email=email)
    headed(page, t("see_mail.title"))
    page.goto(link_in(site, email, "/reset_password"))
    fill(page, new_password=NEW_PASSWORD)
    headed(page, t("reset_done.title"))
    follow(page, t("page.log_in"))


def test_the_other_language_is_a_button_away_and_stays(visit: Visit) -> None:
    page = visit(locale="en").page
    page.goto("/login?next=/docs")
    press(page, "Français")
    headed(page, "Se connecter")
    page.goto("/register")
    headed(page, "Créer un compte")
    press(page, "English")
    headed(page, "Create an account")
