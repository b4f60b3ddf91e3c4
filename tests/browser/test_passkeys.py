"""Passkeys in a real browser: made, used alone, beside a password, and to prove who it is."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.authenticators import Authenticator
from tests.browser.conftest import Visit
from tests.browser.test_the_journey import follow, headed, press
from tests.browser.walk import arriving, fill, register, somebody
from tests.browser.watching import Watched
from tests.stage.visits import PASSWORD
from vestibule.web.languages import Languages, Words

SECONDS = 60
# So that a browser waits for the button, and takes no passkey by itself.
NOT_BY_ITSELF = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"


def with_passkey(visitor: Watched, t: Words) -> tuple[str, Authenticator]:
    """An account with a passkey, and the device that it is on; logged in."""
    visitor.context.add_init_script(NOT_BY_ITSELF)
    device, email = Authenticator(visitor.page), somebody()
    register(visitor.page, email)
    press(visitor.page, t("passkey.add"))
    headed(visitor.page, t("codes.title"))
    return email, device


def said(page: Page) -> str:
    """What the page says beside the button for a passkey."""
    told = page.locator("form[data-passkey] [role=status]")
    expect(told).to_be_visible()
    return told.inner_text()


def test_from_nothing_to_logged_in_with_a_passkey(visit: Visit, t: Words) -> None:
    """In less than a minute, without a word to read."""
    began = time.monotonic()
    visitor = visit(locale=t.tag)
    visitor.context.add_init_script(NOT_BY_ITSELF)
    page, email = visitor.page, somebody()
    Authenticator(page)
    page.goto("/")
    follow(page, t("home.register"))
    fill(page, email=email, password=PASSWORD)
    press(page, t("passkey.add"))
    expect(page.locator("#codes li")).to_have_count(10)
    follow(page, t("codes.done"))
    headed(page, t("factors.title"))
    press(page, t("page.log_out"))
    follow(page, t("home.log_in"))
    press(page, t("passkey.log_in"))
    headed(page, t("account.title"))
    expect(page.get_by_text(email)).to_be_visible()
    assert time.monotonic() - began < SECONDS


def test_the_browser_offers_it_where_the_address_is_typed(visit: Visit) -> None:
    visitor = visit()
    page, email = visitor.page, somebody()
    Authenticator(page)
    register(page, email)
    press(page, "Add a passkey")
    press(page, "Log out")
    # Here the browser's user takes up the offer at once.
    page.goto("/login?next=/account/activity")
    page.wait_for_url("**/account/activity")


def test_it_is_the_second_step_of_a_password(visit: Visit, t: Words) -> None:
    visitor = visit(locale=t.tag)
    email, _ = with_passkey(visitor, t)
    page = visitor.page
    press(page, t("page.log_out"))
    page.goto("/login?next=/account/sessions")
    fill(page, email=email, password=PASSWORD)
    headed(page, t("factor.title"))
    press(page, t("passkey.use"))
    headed(page, t("sessions.title"))


def test_it_proves_who_it_is_and_leads_back(visit: Visit, t: Words) -> None:
    visitor = visit(locale=t.tag)
    with_passkey(visitor, t)
    visitor.page.goto("/account/confirm?next=/account/delete")
    press(visitor.page, t("passkey.use"))
    headed(visitor.page, t("delete.title"))


def test_an_account_without_a_password_is_opened_by_it(visit: Visit, t: Words) -> None:
    visitor = visit(locale=t.tag)
    with_passkey(visitor, t)
    page = visitor.page
    page.goto("/account/factors")
    follow(page, t("passkey.alone"))
    press(page, t("passkey.alone_send"))
    expect(page.get_by_role("status")).to_have_text(str(t("notices.password_removed")))
    press(page, t("page.log_out"))
    page.goto("/login")
    press(page, t("passkey.log_in"))
    expect(page.get_by_text(str(t("account.password_none")))).to_be_visible()
    page.goto("/account/password")
    fill(page, new_password=PASSWORD)
    expect(page.get_by_text(str(t("account.password_what")))).to_be_visible()


def test_it_is_renamed_and_removed(visit: Visit, t: Words) -> None:
    visitor = visit(locale=t.tag)
    with_passkey(visitor, t)
    page = visitor.page
    page.goto("/account/factors")
    follow(page, t("passkey.manage"))
    headed(page, t("sessions.device", browser="Chrome", system="Linux"))
    page.locator("[name=name]").fill("the blue telephone")
    press(page, t("passkey.rename"))
    expect(page.get_by_role("heading", name="the blue telephone")).to_be_visible()
    follow(page, t("passkey.manage"))
    press(page, t("passkey.remove"))
    expect(page.get_by_role("status")).to_have_text(str(t("notices.passkey_removed")))


def test_another_browser_has_it_from_a_password_manager(visit: Visit) -> None:
    first, second = visit(), visit()
    email, device = with_passkey(first, Languages().all["en"])
    second.context.add_init_script(NOT_BY_ITSELF)
    Authenticator(second.page).carry(device.passkeys)
    second.page.goto("/login")
    press(second.page, "Log in with a passkey")
    expect(second.page.get_by_text(email)).to_be_visible()


def test_what_went_wrong_is_said_and_may_be_tried_again(visit: Visit, t: Words) -> None:
    visitor = visit(locale=t.tag)
    _, device = with_passkey(visitor, t)
    page = visitor.page
    page.goto("/account/factors")
    button = page.get_by_role("button", name=str(t("passkey.add")), exact=True)
    button.click()
    assert said(page) == str(t("passkey.known"))
    press(page, t("page.log_out"))
    page.goto("/login")
    device.answers(knows=False)
    login = page.get_by_role("button", name=str(t("passkey.log_in")), exact=True)
    login.click()
    assert said(page) == str(t("passkey.cancelled"))
    device.answers()
    press(page, t("passkey.log_in"))
    headed(page, t("account.title"))


def test_a_session_that_ended_meanwhile_leads_to_the_login(visit: Visit) -> None:
    visitor = visit()
    register(visitor.page, somebody())
    Authenticator(visitor.page)
    visitor.page.goto("/account/factors")
    visitor.context.clear_cookies()
    press(visitor.page, "Add a passkey")
    headed(visitor.page, "Log in")


def test_a_double_click_is_one_passkey(visit: Visit) -> None:
    visitor = visit()
    device = Authenticator(visitor.page)
    register(visitor.page, somebody())
    with arriving(visitor.page):
        visitor.page.get_by_role("button", name="Add a passkey").dblclick()
    expect(visitor.page.locator("#codes li")).to_have_count(10)
    assert len(device.passkeys) == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["no passkeys", "no scripts"])
def test_a_browser_without_them_is_told_and_has_other_ways(visit: Visit, scripts: bool) -> None:
    first = visit()
    email, _ = with_passkey(first, Languages().all["en"])
    visitor = visit(java_script_enabled=scripts)
    visitor.context.add_init_script("delete window.PublicKeyCredential")
    visitor.page.goto("/login")
    expect(visitor.page.get_by_role("button", name="Log in with a passkey")).to_be_hidden()
    fill(visitor.page, email=email, password=PASSWORD)
    expect(visitor.page.get_by_text("Passkeys need JavaScript")).to_be_visible()
    code = first.page.locator("#codes code").first.inner_text()
    fill(visitor.page, code=code)
    headed(visitor.page, "Your account")
