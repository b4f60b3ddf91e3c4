"""Hashes: today's scheme for each profile, both always read, weak ones replaced at login."""

from __future__ import annotations

import bcrypt
import pytest
from argon2 import PasswordHasher, extract_parameters
from flask import Flask
from flask.testing import FlaskClient

from tests.stage.profiles import CLASSIC, STRICT
from tests.stage.raw import rows
from tests.stage.visits import (
    ALICE,
    NEW_PASSWORD,
    PASSWORD,
    front_desk,
    register,
    reset_token,
    set_password,
    try_login,
)

ARGON2 = "$argon2id$v=19"
# Hashes of ``PASSWORD`` as databases hold them.
OLD = {
    "bcrypt 4": "$2b$04$t4hjdROnB0ehSUoDRHr87exP08a18C0SMLy2pd5U/4tgx86owy85a",
    "bcrypt 10": "$2b$10$KejUJtxU3KFDNqFFHEQ4x.d1hfcEIVJiPGLpxHL6qukGPzoZ3wboS",
    "bcrypt 12": "$2b$12$GGOICOyAaKyU2/mOfWMABuKsrF2qHCywqCREtwIHE7Wv2LhMdBZSK",
    "bcrypt 13": "$2b$13$ZltKFGlEPh7xUekmvLXUEOs8Yn.dy.NSSMrwT6SvXYrC2qxS6YvtG",
    "argon2id of 8 MiB": ARGON2
    + "$m=8192,t=2,p=1$+khQEGMt7lIDaJ0lgeK+zA$FjRArFqS3f7iVDudpwmDRXMEwZ73AvVZZzEQGLruNV4",
    "argon2id of one pass": ARGON2
    + "$m=19456,t=1,p=1$ZG9sYAaZ5C6aqOgO0eT5gA$upTMeBOzC6o7YuMJHE2yhOySXZiXSiowY4jIail3gc8",
    "argon2id of today": ARGON2
    + "$m=19456,t=2,p=1$JMzimBMtcubpVGHIL9royA$IL5QhSu6bIpcwGrGW85N/wkd7jjXCX28oOfvAMbI/2M",
    "argon2id of 40 MiB": ARGON2
    + "$m=40960,t=2,p=1$taevftwpPsTEgWOnaN2tTQ$v1LWe4jGKaJ5iHsXDrzKCk8KcA8PEY6AqtNl0iYkcO8",
    "argon2id of 3 passes": ARGON2
    + "$m=19456,t=3,p=1$QkqLNxmpMrvmAjkrAiMQVw$wrXLGhYgZeScPK98RxMBfQXwCSwmrR6Rl2tWztk9+hQ",
}
REPLACED = [
    *((STRICT, what) for what in ("bcrypt 4", "bcrypt 13", "argon2id of 8 MiB")),
    *((STRICT, "argon2id of one pass"), (CLASSIC, "bcrypt 4"), (CLASSIC, "bcrypt 10")),
]
KEPT = [
    *((STRICT, what) for what in OLD if "bcrypt" not in what and (STRICT, what) not in REPLACED),
    *((CLASSIC, what) for what in OLD if (CLASSIC, what) not in REPLACED),
]
BEFORE_72 = "marzipan".ljust(72, ".")


@pytest.fixture
def hashes() -> None:
    """The real price of every hash: this file is about it."""


def stored(app: Flask, email: str = ALICE) -> str:
    ((hashed,),) = rows(app, "SELECT hashed_password FROM users WHERE email = ?", email)
    return str(hashed)


def store(app: Flask, hashed: str) -> None:
    """An account whose password was hashed like this, years ago."""
    front_desk(app).register_user(ALICE, PASSWORD)
    rows(app, "UPDATE users SET hashed_password = ? WHERE email = ?", hashed, ALICE)


def test_strict_hashes_with_argon2id_as_owasp_says(strict: FlaskClient) -> None:
    register(strict)
    hashed = stored(strict.application)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PasswordHasher().verify(hashed, PASSWORD)


def test_classic_hashes_with_bcrypt_12_as_the_exercise_says(classic: FlaskClient) -> None:
    register(classic)
    hashed = stored(classic.application)
    assert hashed.startswith("$2b$12$")
    assert bcrypt.checkpw(PASSWORD.encode(), hashed.encode())


def test_a_reset_hashes_anew(strict: FlaskClient) -> None:
    register(strict)
    before = stored(strict.application)
    set_password(strict, reset_token(strict), PASSWORD)
    after = stored(strict.application)
    assert before != after
    assert after.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_one_password_is_hashed_twice_differently(strict: FlaskClient) -> None:
    register(strict)
    register(strict, "bob@example.com")
    assert stored(strict.application) != stored(strict.application, "bob@example.com")


@pytest.mark.parametrize("what", ["bcrypt 4", "argon2id of 8 MiB"])
def test_both_schemes_are_read_in_both_profiles(app: Flask, client: FlaskClient, what: str) -> None:
    hashed = OLD[what]
    store(app, hashed)
    assert try_login(client, password=NEW_PASSWORD).status_code == 401
    assert stored(app) == hashed, "a wrong password replaces nothing"
    assert try_login(client).status_code == 200
    assert try_login(client).status_code == 200, "and after it was replaced"


@pytest.mark.parametrize(("profile", "what"), REPLACED)
def test_a_weaker_hash_is_replaced_at_login(
    app: Flask, client: FlaskClient, profile: str, what: str
) -> None:
    store(app, OLD[what])
    assert try_login(client).status_code == 200
    replaced = stored(app)
    assert replaced.startswith("$2b$12$" if profile == CLASSIC else "$argon2id$v=19$m=19456,t=2,")
    assert try_login(client).status_code == 200
    assert stored(app) == replaced, "once is enough"


@pytest.mark.parametrize(("profile", "what"), KEPT)
def test_a_stronger_hash_is_kept(app: Flask, client: FlaskClient, profile: str, what: str) -> None:
    store(app, OLD[what])
    assert try_login(client).status_code == 200
    assert stored(app) == OLD[what]


@pytest.mark.parametrize("hashed", ["", "x", "$2b$", "$2b$99$x", "$2b$12$short", "$argon2id$", "$"])
def test_a_hash_that_is_none_is_nobodys_password(strict: FlaskClient, hashed: str) -> None:
    store(strict.application, hashed)
    assert try_login(strict).status_code == 401


@pytest.mark.parametrize("longer", ["x", "y" * 60, "\u00e9"])
def test_passwords_that_share_72_bytes_are_two(client: FlaskClient, longer: str) -> None:
    register(client, password=BEFORE_72 + longer)
    assert try_login(client, password=BEFORE_72).status_code == 401
    assert try_login(client, password=BEFORE_72 + "z" * len(longer)).status_code == 401
    assert try_login(client, password=BEFORE_72 + longer).status_code == 200


def test_a_longer_password_does_not_open_a_shorter_one(client: FlaskClient) -> None:
    register(client, password=BEFORE_72)
    assert try_login(client, password=BEFORE_72 + "x").status_code == 401
    assert try_login(client, password=BEFORE_72).status_code == 200


def test_an_old_truncated_bcrypt_hash_opens_to_no_longer_password(strict: FlaskClient) -> None:
    hashed = bcrypt.hashpw(BEFORE_72.encode(), bcrypt.gensalt(4))
    store(strict.application, hashed.decode())
    assert try_login(strict, password=BEFORE_72 + "x").status_code == 401
    assert try_login(strict, password=BEFORE_72).status_code == 200
    assert extract_parameters(stored(strict.application)).memory_cost == 19456
