"""``vestibule keys`` tells of the secret keys and adds new ones, and shows no key to anybody."""

from __future__ import annotations

import secrets
from pathlib import Path

from tests.cli.accounts import database
from tests.running import vestibule


def fingerprints(directory: Path) -> list[str]:
    """What ``keys list`` prints in its first column."""
    listed = vestibule("keys", "list", directory=directory).stdout.splitlines()
    return [line.split()[0] for line in listed[1:]]


def test_list_shows_fingerprints_newest_first(tmp_path: Path) -> None:
    database(tmp_path)
    first = fingerprints(tmp_path)
    rotated = vestibule("keys", "rotate", directory=tmp_path)
    assert rotated.returncode == 0
    new, old = fingerprints(tmp_path)
    assert [old] == first
    assert f"new key {new}; still read: {old}\n" in rotated.stdout


def test_no_command_shows_a_key(tmp_path: Path) -> None:
    shown = "".join(
        vestibule("keys", command, directory=tmp_path).stdout
        for command in ("list", "rotate", "list")
    )
    file = tmp_path / "vestibule-data" / "secret.keys"
    for key in file.read_text().split():
        assert key not in shown
        assert key[:16] not in shown


def test_a_key_from_the_environment_is_the_operators_to_rotate(tmp_path: Path) -> None:
    settings = {"VESTIBULE_SECRET_KEY": secrets.token_hex(32)}
    refused = vestibule("keys", "rotate", directory=tmp_path, settings=settings)
    assert refused.returncode == 2
    (sentence,) = refused.stderr.splitlines()
    assert "which is yours to change" in sentence
    assert not (tmp_path / "vestibule-data" / "secret.keys").exists()


def test_a_short_key_ends_every_command_with_a_sentence(tmp_path: Path) -> None:
    settings = {"VESTIBULE_SECRET_KEY": "too short"}
    for command in (("run",), ("keys", "list"), ("config", "show")):
        refused = vestibule(*command, directory=tmp_path, settings=settings)
        assert refused.returncode == 2
        (sentence,) = refused.stderr.splitlines()
        assert "secret_key (VESTIBULE_SECRET_KEY): a secret key is 256 random bits" in sentence


def test_a_key_file_that_others_may_read_ends_the_start(tmp_path: Path) -> None:
    vestibule("keys", "list", directory=tmp_path)
    (tmp_path / "vestibule-data" / "secret.keys").chmod(0o644)
    refused = vestibule("run", directory=tmp_path)
    assert refused.returncode == 2
    (sentence,) = refused.stderr.splitlines()
    assert "can be read by others than its owner: chmod 600" in sentence
