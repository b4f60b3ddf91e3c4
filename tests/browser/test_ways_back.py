"""The links in mails about second factors: one takes off what others added, one keeps one's own."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_codes import log_in
from tests.browser.test_passkeys import with_passkey
from tests.browser.test_the_journey import follow, headed, press
from tests.browser.walk import fill, link_in
from tests.stage.server import Server
from tests.stage.visits import NEW_PASSWORD
from vestibule.web.languages import Words


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_passkey_of_somebody_else_is_taken_off(
    visit: Visit, site: Server, t: Words, scripts: bool
) -> None:
    thief = visit(locale=t.tag)
    email, _ = with_passkey(thief, t)
    page = visit(locale=t.tag, java_script_enabled=scripts).page
    page.goto(link_in(site, email, "/factors/disown"))
    headed(page, t("disown.title"))
    # Nothing is done by looking.
    thief.page.goto("/account/factors")
    headed(thief.page, t("factors.title"))
    press(page, t("disown.send"))
    headed(page, t("disown.done"))
    expect(page.get_by_role("status")).to_contain_text(email)
    thief.page.goto("/account/factors")
    headed(thief.page, t("login.title"))
    press(thief.page, t("passkey.log_in"))
    expect(thief.page.get_by_role("alert")).to_be_visible()
    log_in(thief.page, email)
    expect(thief.page.locator("#password-error")).to_be_visible()
    page.goto(link_in(site, email, "/reset_password"))
    fill(page, new_password=NEW_PASSWORD)
    follow(page, t("page.log_in"))
    fill(page, email=email, password=NEW_PASSWORD)
    headed(page, t("account.title"))
    page.goto(link_in(site, email, "/factors/disown"))
    headed(page, t("over.title"))


def test_factors_that_were_to_end_are_kept(visit: Visit, site: Server, t: Words) -> None:
    visitor = visit(locale=t.tag)
    email, _ = with_passkey(visitor, t)
    site.operate("accounts", "drop-factors", email)
    page = visitor.page
    page.goto("/account/factors")
    ending = page.get_by_text(str(t("factors.ends", time="|")).partition("|")[2])
    expect(ending).to_be_visible()
    bare = visit(locale=t.tag).page
    bare.goto(link_in(site, email, "/factors/keep"))
    headed(bare, t("keep.title"))
    press(bare, t("keep.send"))
    headed(bare, t("keep.done"))
    page.reload()
    headed(page, t("factors.title"))
    expect(ending).to_have_count(0)
    # Who knows the password has still to show the factor.
    follow(bare, t("account.password_change"))
    headed(bare, t("login.title"))
    log_in(bare, email)
    headed(bare, t("factor.title"))
    bare.goto(link_in(site, email, "/factors/keep"))
    headed(bare, t("over.title"))
