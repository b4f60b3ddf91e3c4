"""Passkeys are for a name under https, or for this machine; an operator may name one above."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Build
from tests.stage.answers import refuses
from tests.stage.passkeys import SoftPasskey
from tests.stage.profiles import STRICT
from tests.stage.visits import ALICE, PASSWORD
from vestibule.config import Settings


@pytest.mark.parametrize("url", ["http://192.0.2.7", "https://[2001:db8::1]", "http://a.example"])
def test_there_are_none_where_browsers_make_none(build: Build, url: str) -> None:
    client = build(STRICT, public_url=url).test_client()
    asking = {"base_url": url, "json": {"purpose": "login"}}
    refuses(client.post("/sessions/passkey/challenge", **asking), 409, "passkeys_unavailable")


def test_they_may_be_for_a_name_above(build: Build) -> None:
    url = "https://auth.example.com"
    app = build(STRICT, public_url=url, passkey_domain="example.com", site_name="Example")
    client = app.test_client()
    asking: dict[str, Any] = {"base_url": url, "headers": {"Origin": url}}
    form = {"email": ALICE, "password": PASSWORD}
    assert client.post("/users", data=form, **asking).status_code == 200
    assert client.post("/sessions", data=form, **asking).status_code == 200
    wanted = client.post("/factors/passkeys/challenge", **asking).get_json()
    assert wanted["publicKey"]["rp"] == {"id": "example.com", "name": "Example"}
    made = SoftPasskey(origin=url, domain="example.com").create(wanted["publicKey"])
    sent = {"ticket": wanted["ticket"], "credential": made}
    assert client.post("/factors/passkeys", json=sent, **asking).status_code == 200


@pytest.mark.parametrize("name", ["example.org", "h.example.com", "xample.com", "com.", "."])
def test_but_for_no_other_name(name: str, tmp_path: Path) -> None:
    given: Any = {"public_url": "https://auth.example.com", "passkey_domain": name}
    with pytest.raises(ValueError, match="passkey_domain"):
        Settings(data=tmp_path, **given)
