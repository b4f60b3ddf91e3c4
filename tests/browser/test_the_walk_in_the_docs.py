"""The scripts in ``docs/factors.md``, word for word, in the console of a page."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page

from tests.browser.authenticators import Authenticator
from tests.browser.conftest import Visit
from tests.browser.test_codes import with_app
from tests.browser.walk import register, somebody
from tests.house.reading import ROOT
from tests.stage.visits import PASSWORD

DOCS = (ROOT / "docs" / "factors.md").read_text(encoding="utf-8")
WITH_A_CODE, ADD, SHOW = re.findall(r"```js\n(.*?)```", DOCS, re.DOTALL)
GET = "path => fetch(path).then(answer => answer.json())"


def console(page: Page, script: str) -> None:
    """Run it as what somebody types there: what it names stays, and may be named anew (CDP)."""
    typed = {"expression": script, "replMode": True, "awaitPromise": True}
    said = page.context.new_cdp_session(page).send("Runtime.evaluate", typed)
    assert "exceptionDetails" not in said, said


def test_a_passkey_is_added_and_shown_for_all_that_it_is_good_for(visit: Visit) -> None:
    visitor, email = visit(), somebody()
    page, device = visitor.page, Authenticator(visitor.page)
    register(page, email)
    page.goto("/account/activity")
    console(page, ADD)
    (passkey,) = page.evaluate(GET, "/factors")["passkeys"]
    assert (passkey["name"], len(device.passkeys)) == ("my telephone", 1)
    console(page, SHOW.replace('"login"', '"proof"'))
    page.context.clear_cookies(name="session_id")
    console(page, SHOW)
    assert page.evaluate(GET, "/profile") == {"email": email}
    page.context.clear_cookies(name="session_id")
    console(page, f'await send("/sessions", {json.dumps({"email": email, "password": PASSWORD})})')
    assert page.evaluate(GET, "/profile")["code"] == "session_none"
    console(page, SHOW.replace('"login"', '"factor"'))
    assert page.evaluate(GET, "/profile") == {"email": email}
    shown = [each for each in visitor.requests if each.url.endswith("/sessions/passkey")]
    assert [answer.status for each in shown if (answer := each.response())] == [200] * 3


def test_a_password_and_a_code_open_the_account(visit: Visit) -> None:
    page = visit().page
    email, telephone = with_app(page)
    page.context.clear_cookies(name="session_id")
    page.goto("/")
    typed = {"email": email, "password": PASSWORD, "code": telephone.code()}
    for name, value in typed.items():
        console(page, f"const {name} = {json.dumps(value)}")
    console(page, WITH_A_CODE)
    assert page.evaluate(GET, "/profile") == {"email": email}
