"""The languages of pages: chosen by the browser, remembered by a button, whole in each file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from flask.testing import FlaskClient

from tests.conftest import Build
from tests.house.reading import SRC
from tests.stage.pages import FORM, look, send
from tests.stage.profiles import STRICT
from vestibule.app import create_app
from vestibule.auth.errors import Rule
from vestibule.config import BadSetting, load
from vestibule.web.languages import OURS, Languages, Words, flat, languages_of
from vestibule.web.problems import STATUS

FILES = sorted(OURS.glob("*.toml"))
TEMPLATES = sorted((SRC / "web" / "templates").glob("*.html"))
ENGLISH = flat(tomllib.loads((OURS / "en.toml").read_text(encoding="utf-8")))
PLACE = re.compile(r"\{(\w*)\}")


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("de,fr;q=0.5,en;q=0.4", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("de", "en"),
        ("*", "en"),
        ("", "en"),
        ("nonsense;q=x,,;", "en"),
        ("../../etc/passwd", "en"),
    ],
)
def test_the_browser_says_which(strict: FlaskClient, accepted: str, tag: str) -> None:
    page = look(strict, "/login", language=accepted)
    assert f'<html lang="{tag}">' in page.text
    assert "Accept-Language" in page.headers["Vary"]


def test_a_button_is_remembered_and_leads_back(strict: FlaskClient) -> None:
    page = look(strict, "/login?next=/docs")
    assert re.findall(r'name="language" value="(\w+)" lang="\1">', page.text) == ["fr"]
    (back,) = re.findall(r'action="/language".*?name="next" value="([^"]*)"', page.text, re.DOTALL)
    answer = send(strict, "/language", language="fr", next=back)
    assert answer.headers["Location"] == "/login?next=/docs"
    page = look(strict, "/login?next=/docs", language="en")
    assert "Se connecter" in page.text
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} < set(cookie.split("; "))


@pytest.mark.parametrize("language", ["xx", "", "../en", "EN"])
def test_a_language_that_there_is_none_of_is_not_remembered(
    strict: FlaskClient, language: str
) -> None:
    assert "Set-Cookie" not in send(strict, "/language", language=language).headers
    strict.set_cookie("language", language)
    look(strict, "/login")


def test_errors_are_in_the_visitors_language(strict: FlaskClient) -> None:
    strict.set_cookie("language", "fr")
    page = send(strict, "/register", 400, email="x", password="")
    assert "Aucun message ne peut aller" in page.text
    assert "<title>Erreur : Créer un compte" in page.text
    assert re.findall(FORM, page.text) == ["/register"]
    assert "rien ici" in look(strict, "/nowhere", 404).text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_file_says_the_same_things_with_the_same_places(path: Path) -> None:
    said = flat(tomllib.loads(path.read_text(encoding="utf-8")))
    assert set(said) == set(ENGLISH)
    for key, text in said.items():
        assert set(PLACE.findall(text)) == set(PLACE.findall(ENGLISH[key])) or key.endswith(".one")
        assert text.strip() == text != ""
    assert len(FILES) == 2


def test_a_language_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "de.toml").write_text('name = "Deutsch"\n[login]\ntitle = "<Anmelden>"\n')
    languages = Languages(tmp_path)
    assert list(languages.all) == ["en", "de", "fr"]
    german = languages.chosen(None, "de-AT")
    assert german("login.title") == "&lt;Anmelden&gt;"
    assert german("login.send") == "Log in", "what it does not say is said in the usual one"


def test_what_is_given_is_escaped_and_numbers_have_their_words() -> None:
    words = Words("en", {"x": "for {name}", "n": {"one": "one", "other": "{count} of it"}})
    assert words("x", name="<b>{name}") == "for &lt;b&gt;{name}"
    assert [words("n", count=n) for n in (1, 2)] == ["one", "2 of it"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_has_no_words_of_its_own(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", "", path.read_text(), flags=re.DOTALL)
    assert set(re.findall(r"\w{2,}", text)) <= {"Bienvenue", "long", "short"}


def test_every_key_is_used_and_every_key_that_is_used_is_there() -> None:
    text = "".join(path.read_text() for path in [*TEMPLATES, *(SRC / "web").glob("*.py")])
    used = set(re.findall(r"""\bt\(\s*f?["']([\w.]+)["']""", text))
    whole = {key for key in used if key[-1] not in "._"}
    assert whole - {key.removesuffix(".one").removesuffix(".other") for key in ENGLISH} == set()
    # Made of a word and a table: the words of refusals, acts and the like.
    tables = {
        *(
            "refusals",
            "rules",
            "strength",
            "advice",
            "when",
            "problems",
            "notices",
            "acts",
            "account",
        ),
        *("login", "factor", "verify", "confirm", "undo", "disown", "keep"),
    }
    bare = {key.removesuffix(".one").removesuffix(".other") for key in ENGLISH}
    left = {key for key in bare - used if key.partition(".")[0] not in tables}
    assert {key for key in left if f'"{key}"' not in text} == set()


def test_every_refusal_rule_and_act_has_words() -> None:
    words: Any = Languages().all["en"]
    assert [code for code in STATUS if f"refusals.{code}" not in words] == []
    assert [rule for rule in get_args(Rule) if f"rules.{rule}" not in words] == []
    text = "".join(path.read_text() for path in (SRC / "auth").glob("*.py"))
    acts = set(re.findall(r'@recorded\("([\w.]+)"\)', text))
    assert len(acts) > 10
    assert [act for act in acts if f"acts.{act}" not in words] == []


def test_an_operators_language_is_spoken_at_once(build: Build, tmp_path: Path) -> None:
    (tmp_path / "de.toml").write_text('name = "Deutsch"\n[login]\ntitle = "Anmelden"\n')
    (tmp_path / "fr.toml").write_text('[login]\ntitle = "Entrez"\n')
    (tmp_path / "ar.toml").write_text('name = "العربية"\ndirection = "rtl"\n')
    (tmp_path / "README").write_text("not a language")
    client = build(STRICT, page_languages=tmp_path).test_client()
    german = look(client, "/login", language="de-AT")
    assert '<html lang="de">' in german.text
    assert "<h1>Anmelden</h1>" in german.text
    assert "Forgot your password?" in german.text
    french = look(client, "/login", language="fr").text
    assert "<h1>Entrez</h1>" in french
    assert "Mot de passe" in french
    assert '<html lang="ar" dir="rtl">' in look(client, "/login", language="ar").text
    choices = re.findall(r'name="language" value="([\w-]+)"', german.text)
    assert choices == ["en", "ar", "fr"]
    send(client, "/language", language="ar")
    assert '<html lang="ar" dir="rtl">' in look(client, "/", language="en").text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("de.toml", 'name = "Deutsch"\n[login]\ntitel = "x"\n', "no page says login.titel"),
        ("de.toml", '[login]\ntitle = "x"\n', "does not say what the language is called"),
        ("de.toml", 'name = "Deutsch', "de.toml: "),
        ("de.toml", b'name = "\xff"', "de.toml: "),
        ("de.toml", 'name = ""\n', "name is empty"),
        ("fr.toml", '[account]\nas = "{mail}"\n', "account.as has no place for {mail}"),
        ("fr.toml", '[account]\nas = "{email.x}"\n', "account.as has no place for {email.x}"),
        ("fr.toml", '[account]\nas = "{email!r}"\n', "account.as has no place for {email!r}"),
        ("fr.toml", '[account]\nas = "{email:9999}"\n', "has no place for {email:9999}"),
        ("fr.toml", '[account]\nas = "{email"\n', "account.as: "),
        ("fr.toml", '[account]\nas = "{}"\n', "account.as has no place for {}"),
        ("fr.toml", 'direction = "up"\n', "direction is ltr or rtl"),
        ("french.toml", 'name = "x"\n', "its name is the tag of a language"),
        ('x">.toml', 'name = "x"\n', "its name is the tag of a language"),
    ],
)
def test_words_that_cannot_be_said_are_told_at_start(
    tmp_path: Path, name: str, content: str | bytes, told: str
) -> None:
    folder = tmp_path / "languages"
    folder.mkdir()
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadSetting, match="VESTIBULE_PAGE_LANGUAGES") as refused:
        create_app(load(data=tmp_path / "data", page_languages=folder), worker=False)
    assert told in str(refused.value)
    assert not (tmp_path / "data").exists()


def test_for_one_the_number_may_be_said_or_not(tmp_path: Path) -> None:
    (tmp_path / "fr.toml").write_text('[when.minutes]\none = "{count} minute"\nother = "assez"\n')
    french = Languages(tmp_path).all["fr"]
    assert [french("when.minutes", count=n) for n in (1, 2)] == ["1 minute", "assez"]


def test_words_that_broke_since_the_start_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "de.toml").write_text("[")
    assert list(languages_of(load(page_languages=tmp_path)).all) == ["en", "fr"]
    assert "page.language_broken" in caplog.text
