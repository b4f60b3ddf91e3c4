"""``vestibule config show`` shows every setting, and no secret."""

from __future__ import annotations

from pathlib import Path

from tests.running import vestibule
from tests.stage.databases import only_sqlite
from vestibule.config import PREFIX, Settings

pytestmark = only_sqlite("about settings, of which the database is one")


def test_every_setting_is_shown_with_its_value(tmp_path: Path) -> None:
    shown = vestibule("config", "show", directory=tmp_path, settings={"VESTIBULE_PORT": "5050"})
    assert shown.returncode == 0
    for name in Settings.model_fields:
        assert f"{PREFIX}{name.upper()}" in shown.stdout
    assert "VESTIBULE_PORT" in shown.stdout
    assert "5050" in shown.stdout


def test_a_secret_is_hidden(tmp_path: Path) -> None:
    given = {"VESTIBULE_DATABASE_URL": "sqlite:////marzipan/secret.db"}
    shown = vestibule("config", "show", directory=tmp_path, settings=given)
    assert "(hidden)" in shown.stdout
    assert "marzipan" not in shown.stdout


def test_a_secret_of_a_file_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sqlite:////marzipan/secret.db", encoding="utf-8")
    given = {"VESTIBULE_DATABASE_URL_FILE": "secret"}
    shown = vestibule("config", "show", directory=tmp_path, settings=given)
    assert "(hidden)" in shown.stdout
    assert "marzipan" not in shown.stdout


def test_a_long_path_is_shown_whole_wherever_the_output_goes(tmp_path: Path) -> None:
    path = "/srv/" + "/".join(["a-directory-with-a-long-name"] * 5)
    narrow = {"VESTIBULE_DATA": path, "COLUMNS": "60"}
    shown = vestibule("config", "show", directory=tmp_path, settings=narrow)
    assert path in shown.stdout


def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    shown = vestibule("config", "show", directory=tmp_path, settings={"VESTIBULE_PORT": "x"})
    assert shown.returncode == 2
    assert "VESTIBULE_PORT" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_what_follows_from_other_settings_is_shown_as_it_counts(tmp_path: Path) -> None:
    server = {
        "VESTIBULE_SMTP_URL": "smtp://mail.example.com",
        "VESTIBULE_MAIL_FROM": "accounts@example.com",
        "VESTIBULE_PORT": "5050",
    }
    none = {"VESTIBULE_REQUIRE_VERIFIED": "false", "VESTIBULE_PUBLIC_URL": "https://a.example.com"}
    for given, verified, concealed, url in (
        (server, "true", "true", "http://localhost:5050"),
        (server | none, "false", "true", "https://a.example.com"),
        ({}, "false", "false", "http://localhost:5000"),
    ):
        shown = vestibule("config", "show", directory=tmp_path, settings=given).stdout
        values = {line.split()[0]: line.split()[1] for line in shown.splitlines() if line.strip()}
        assert values["VESTIBULE_REQUIRE_VERIFIED"] == verified
        assert values["VESTIBULE_CONCEAL_ACCOUNTS"] == concealed
        assert values["VESTIBULE_PUBLIC_URL"] == url
        assert values["VESTIBULE_DATABASE_PREPARE"] == "true"
