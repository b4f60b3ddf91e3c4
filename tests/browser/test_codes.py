"""One-time codes and recovery codes in a real browser, and what goes wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.authenticators import Telephone
from tests.browser.conftest import Visit
from tests.browser.test_every_page import found
from tests.browser.test_the_journey import follow, headed, press
from tests.browser.walk import arriving, fill, register, somebody
from tests.browser.watching import Watched
from tests.stage.server import Server
from tests.stage.visits import PASSWORD
from vestibule.web.languages import Languages, Words

ENGLISH = Languages().all["en"]


def add_app(page: Page, t: Words) -> Telephone:
    """Add an app for codes to the account that is open; its recovery codes are on the page."""
    page.goto("/account/factors")
    press(page, t("factors.otp_add"))
    expect(page.locator("svg.qr")).to_be_visible()
    telephone = Telephone(page)
    fill(page, code=telephone.code())
    headed(page, t("codes.title"))
    return telephone


def with_app(page: Page, t: Words = ENGLISH) -> tuple[str, Telephone]:
    """An account with an app for codes."""
    email = somebody()
    register(page, email)
    return email, add_app(page, t)


def log_in(page: Page, email: str, onward: str = "/account") -> None:
    """Log in as far as a password leads."""
    page.context.clear_cookies(name="session_id")
    page.goto(f"/login?next={onward}")
    fill(page, email=email, password=PASSWORD)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_login_asks_for_the_code_of_an_app(visit: Visit, t: Words, scripts: bool) -> None:
    page = visit(locale=t.tag, java_script_enabled=scripts).page
    email, telephone = with_app(page, t)
    expect(page.locator("#codes li")).to_have_count(10)
    paper = page.locator("#codes code").first.inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name=str(t("codes.download"))).click()
    assert paper in download.value.path().read_text()
    follow(page, t("codes.done"))
    expect(page.get_by_text(str(t("factors.codes_left", count=10)))).to_be_visible()
    press(page, t("page.log_out"))
    log_in(page, email, "/account/sessions")
    headed(page, t("factor.title"))
    fill(page, code=telephone.code())
    headed(page, t("sessions.title"))
    log_in(page, email)
    follow(page, t("factor.use_recovery"))
    fill(page, code=paper.lower())
    expect(page.get_by_role("status")).to_have_text(str(t("notices.recovery_used")))


def test_recovery_codes_are_copied_with_a_script(visit: Visit) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    with_app(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    codes = page.locator("#codes code").all_inner_texts()
    assert page.evaluate("() => navigator.clipboard.readText()").split() == codes
    expect(page.get_by_role("button", name="Print")).to_be_visible()


def test_the_back_button_shows_no_recovery_codes_again(visit: Visit) -> None:
    page = visit().page
    with_app(page)
    follow(page, "I have saved them")
    # Chromium asks whether the form is to be sent again, and shows nothing before.
    with suppress(Error):
        page.go_back()
    expect(page.locator("#codes")).to_have_count(0)


def test_a_wrong_code_gets_the_focus_and_another_may_be_tried(visit: Visit, t: Words) -> None:
    page = visit(locale=t.tag).page
    email, telephone = with_app(page, t)
    log_in(page, email)
    fill(page, code="no code")
    expect(page.locator("#trouble")).to_be_focused()
    expect(page.locator("#code-error")).to_have_text(str(t("refusals.factor_wrong")))
    fill(page, code=telephone.code())
    headed(page, t("account.title"))


def test_a_clock_that_is_a_minute_off_is_too_much_and_half_a_minute_is_not(
    visit: Visit, t: Words
) -> None:
    page, email = visit(locale=t.tag).page, somebody()
    register(page, email)
    page.goto("/account/factors")
    press(page, t("factors.otp_add"))
    telephone = Telephone(page)
    for steps in (-2, 2):
        fill(page, code=telephone.code_when_off(steps))
        _told_of_the_clock(page, t)
    fill(page, code=telephone.code_when_off(-1))
    headed(page, t("codes.title"))
    log_in(page, email)
    fill(page, code=telephone.code_when_off(2))
    _told_of_the_clock(page, t)
    fill(page, code=telephone.code_when_off(1))
    headed(page, t("account.title"))


def _told_of_the_clock(page: Page, t: Words) -> None:
    error = page.locator("#code-error")
    expect(error).to_have_text(str(t("refusals.factor_wrong")))
    expect(error).to_contain_text({"en": "check the clock", "fr": "vérifiez l"}[t.tag])


def test_who_mistypes_a_recovery_code_hears_nothing_of_a_clock(visit: Visit, t: Words) -> None:
    page = visit(locale=t.tag).page
    email, _ = with_app(page, t)
    log_in(page, email)
    follow(page, t("factor.use_recovery"))
    fill(page, code="AAAA-BBBB-CCCC-DDDD-EEEE-FFFF")
    expect(page.locator("#code-error")).to_have_text(str(t("refusals.factor_wrong_recovery")))


def test_a_double_click_on_the_code_logs_in_once(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    email, telephone = with_app(page)
    log_in(page, email)
    page.locator("[name=code]").fill(telephone.code())
    with arriving(page):
        page.get_by_role("button", name="Log in", exact=True).dblclick()
    headed(page, "Your account")
    sent = [each for each in visitor.requests if each.method == "POST"]
    assert [each.url for each in sent].count(f"{visitor.url}/login/factor") == 1


def test_a_second_tab_finds_the_login_finished(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    email, telephone = with_app(page)
    log_in(page, email, "/account/activity")
    tab = visitor.context.new_page()
    tab.goto("/login/factor?next=/account/activity")
    fill(page, code=telephone.code())
    fill(tab, code="123456")
    headed(tab, "Activity")
    page.go_back()
    headed(page, "Activity")


def test_what_ended_meanwhile_leads_to_the_login_and_on(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    email, telephone = with_app(page)
    log_in(page, email, "/account/activity")
    visitor.context.clear_cookies()
    fill(page, code=telephone.code())
    expect(page.get_by_role("status")).to_contain_text("This login is over")
    fill(page, email=email, password=PASSWORD)
    headed(page, "One more step")


def test_it_can_be_given_up(visit: Visit, t: Words) -> None:
    page = visit(locale=t.tag).page
    email, _ = with_app(page, t)
    log_in(page, email)
    press(page, t("factor.cancel"))
    expect(page.get_by_role("status")).to_have_text(str(t("notices.logged_out")))


def test_the_app_is_removed(visit: Visit, t: Words) -> None:
    page = visit(locale=t.tag).page
    email, _ = with_app(page, t)
    page.goto("/account/factors")
    follow(page, t("factors.remove"))
    press(page, t("otp_remove.send"))
    expect(page.get_by_role("status")).to_have_text(str(t("notices.factor_removed")))
    log_in(page, email)
    headed(page, t("account.title"))


@pytest.fixture(scope="module")
def strict_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service where everybody has to have a second factor."""
    server = Server(tmp_path_factory.mktemp("strict"), factors="all").start()
    yield server
    server.stop()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_who_has_to_have_a_factor_adds_one_and_proves_with_it(
    browser: Browser, strict_site: Server, t: Words, theme: str
) -> None:
    url = strict_site.url.replace("127.0.0.1", "localhost")
    visitor = Watched(browser, url, locale=t.tag, color_scheme=theme)
    page = visitor.page
    page.goto("/register")
    fill(page, email=somebody(), password=PASSWORD)
    headed(page, t("enrol.title"))
    assert found(page) == []
    press(page, t("enrol.otp"))
    telephone = Telephone(page)
    fill(page, code=telephone.code())
    headed(page, t("codes.title"))
    page.goto("/account/confirm?next=/account/export")
    fill(page, password=PASSWORD, code="")
    expect(page.locator("#code-error")).to_be_visible()
    fill(page, password=PASSWORD, code=telephone.code())
    headed(page, t("export.title"))
    visitor.close()
