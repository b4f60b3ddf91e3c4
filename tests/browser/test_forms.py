"""What people do to forms: by keyboard, with a double click, and back again."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.walk import arriving, fill, register, somebody
from tests.browser.watching import Watched
from tests.stage.visits import PASSWORD

FOCUSED = "() => document.activeElement.name || document.activeElement.textContent.trim()"


def test_the_keyboard_goes_through_the_login_in_order(visit: Visit) -> None:
    page = visit().page
    page.goto("/login")
    # The browser gives the focus when it first draws the page, which may be later than its load.
    expect(page.locator("[name=email]")).to_be_focused()
    seen = [page.evaluate(FOCUSED)]
    for _ in range(7):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
    wanted = ["email", "password", "Show", "Log in", "Log in with a passkey"]
    assert seen == [*wanted, "Forgot your password?", "Create an account", "language"]
    page.reload()
    expect(page.locator("[name=email]")).to_be_focused()
    page.locator("body").evaluate("body => { document.activeElement.blur(); }")
    page.keyboard.press("Tab")
    outline = "() => getComputedStyle(document.activeElement).outlineWidth"
    assert page.evaluate(outline) == "3px"


def test_enter_sends_the_form(visit: Visit) -> None:
    page, email = visit().page, somebody()
    register(page, email)
    with arriving(page):
        page.get_by_role("button", name="Log out").click()
    page.goto("/login?next=/account/activity")
    expect(page.locator("[name=email]")).to_be_focused()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/activity?arrived=1")


def test_what_is_wrong_gets_the_focus(visit: Visit) -> None:
    page = visit().page
    page.goto("/login")
    fill(page, email=somebody(), password="marzipan, wrong")
    expect(page.locator("#trouble")).to_be_focused()
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.locator("[name=password]")).to_be_focused()


def test_a_password_is_shown_and_hidden_again(visit: Visit) -> None:
    page = visit().page
    page.goto("/login")
    password = page.locator("[name=password]")
    password.fill(PASSWORD)
    button = page.get_by_role("button", name="Show the password")
    button.click()
    expect(password).to_have_attribute("type", "text")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(password).to_have_attribute("type", "password")


def test_the_strength_of_a_password_is_told_while_it_is_typed(visit: Visit) -> None:
    page = visit().page
    page.goto("/register")
    told = page.locator("#password-strength")
    for typed, words in (
        ("abc", "at least 8"),
        ("password1", "leak"),
        ("Marzipan", "Weak. Add another word or two; uncommon ones are best. A capital"),
        (PASSWORD * 2, "Very good."),
    ):
        page.locator("[name=password]").fill(typed)
        expect(told).to_contain_text(words)


def test_a_double_click_sends_once(visit: Visit) -> None:
    visitor, email = visit(), somebody()
    page = visitor.page
    page.goto("/register")
    page.locator("[name=email]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    with arriving(page):
        page.locator("main button[type=submit]").dblclick()
    page.wait_for_url("**/account**")
    sent = [each for each in visitor.requests if each.method == "POST"]
    assert [each.url for each in sent if "/password_strength" not in each.url] == [page_of(visitor)]


def page_of(visitor: Watched) -> str:
    """Where the form to register is sent to."""
    return f"{visitor.url}/register"


def test_the_back_button_shows_nothing_to_who_logged_out(visit: Visit) -> None:
    page, email = visit().page, somebody()
    register(page, email)
    page.goto("/account/email")
    with arriving(page):
        page.get_by_role("button", name="Log out").click()
    page.go_back()
    expect(page.get_by_text("Log in to see this page.")).to_be_visible()
    expect(page.get_by_text(email)).to_have_count(0)


def test_the_back_button_after_a_refusal_shows_a_form_that_works(visit: Visit) -> None:
    page, email = visit().page, somebody()
    page.goto("/register")
    fill(page, email=email, password="marzi")
    page.go_back()
    fill(page, email=email, password=PASSWORD)
    page.wait_for_url("**/account**")


def test_the_export_is_downloaded_as_often_as_one_likes(visit: Visit) -> None:
    page = visit().page
    register(page, somebody())
    page.goto("/account/export")
    for _ in range(2):
        with page.expect_download() as download:
            page.locator("main form button").click()
        assert download.value.suggested_filename == "account.json"


def test_a_password_can_be_pasted(visit: Visit) -> None:
    page = visit().page
    page.goto("/register")
    page.locator("[name=email]").fill(PASSWORD)
    page.locator("[name=email]").select_text()
    page.keyboard.press("Control+c")
    for path, name in (("/register", "password"), ("/login", "password")):
        page.goto(path)
        page.locator(f"[name={name}]").focus()
        page.keyboard.press("Control+v")
        expect(page.locator(f"[name={name}]")).to_have_value(PASSWORD)
