"""The schema: made from nothing, taken further with a backup first, never from a newer one."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import downgrade
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import vestibule
from tests.conftest import Build
from tests.stage.clock import MovableClock
from tests.stage.databases import only_sqlite
from tests.stage.profiles import STRICT
from tests.stage.raw import file_of, rows
from tests.stage.visits import ALICE, register, try_login
from vestibule import config, migrations, records
from vestibule.auth.addresses import comparison_key
from vestibule.config import SQLiteFile
from vestibule.migrations import steps

pytestmark = only_sqlite("upgrades of a file, with copies; see test_migrations_on_postgresql")

NEXT = '''
"""One step further."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9000", "{head}", None, None


def upgrade() -> None:
    op.add_column("users", sa.Column("nickname", sa.String(20), nullable=True))
    op.execute("INSERT INTO rate_limits (key, hits, expires_at) VALUES ('step', 1, 1)")
    {then}
'''


@pytest.fixture
def at(tmp_path: Path) -> Path:
    """Where the database will be, in a directory that is prepared for it."""
    settings = config.load(data=tmp_path / "data")
    config.prepare_data(settings)
    assert isinstance(settings.database, SQLiteFile)
    return settings.database.path


@pytest.fixture
def filled(build: Build) -> Path:
    """The database of this version, with an account in it."""
    app = build(STRICT)
    register(app.test_client())
    return file_of(app)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A later version of the service: this one and a further step."""
    source = tmp_path / "newer"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(vestibule.__file__).parent, source / "vestibule", ignore=ignored)
    return source


def add_step(source: Path, then: str = "pass") -> None:
    versions = source / "vestibule" / "migrations" / "versions"
    (versions / "9000_further.py").write_text(NEXT.format(head=migrations.head(), then=then))


def command(at: Path, source: Path | None = None) -> subprocess.CompletedProcess[str]:
    """``vestibule db upgrade``, of this version or of the one in ``source``."""
    of_version = {"PYTHONPATH": str(source)} if source else {}
    return subprocess.run(
        [sys.executable, "-m", "vestibule", "db", "upgrade"],
        env=os.environ | {"VESTIBULE_DATA": str(at.parent)} | of_version,
        capture_output=True,
        text=True,
        timeout=60,
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_from_nothing_to_the_newest(at: Path, clock: MovableClock) -> None:
    done = migrations.upgrade(SQLiteFile(at), clock())
    assert (done.before, done.after, done.backup) == (None, migrations.head(), None)
    tables = {name for (name,) in rows(at, "SELECT name FROM sqlite_schema")}
    assert {"users", "sessions", "tokens", "outbox", "rate_limits"} <= tables


def test_a_new_database_has_no_account(build: Build) -> None:
    assert rows(build(), "SELECT * FROM users") == []


def test_a_second_time_changes_nothing(filled: Path, clock: MovableClock) -> None:
    before = filled.read_bytes()
    done = migrations.upgrade(SQLiteFile(filled), clock())
    assert (done.before, done.after, done.backup) == (migrations.head(), migrations.head(), None)
    assert filled.read_bytes() == before
    assert not (filled.parent / "backups").exists()


def test_models_and_migrations_agree(at: Path, clock: MovableClock) -> None:
    migrations.upgrade(SQLiteFile(at), clock())
    engine = create_engine(f"sqlite:///{at}", poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, records.OutboxMessage.metadata) == []


def test_two_processes_at_once_make_one_schema(at: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(lambda _: command(at), range(3)))
    assert [each.returncode for each in ended] == [0, 0, 0], [each.stderr for each in ended]
    head = migrations.head()
    assert sorted(each.stdout for each in ended) == [
        *[f"{head} already\n"] * 2,
        f"nothing -> {head}\n",
    ]


def test_an_upgrade_makes_a_backup_first_and_keeps_what_is_there(filled: Path, newer: Path) -> None:
    add_step(newer)
    ended = command(filled, newer)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"{migrations.head()} -> 9000\nbackup: ")
    (backup,) = (filled.parent / "backups").iterdir()
    assert rows(filled, "SELECT email, nickname FROM users") == [(ALICE, None)]
    assert rows(backup, "SELECT email FROM users") == [(ALICE,)]
    assert rows(backup, "SELECT version_num FROM alembic_version") == [(migrations.head(),)]
    assert (mode(backup), mode(backup.parent)) == (0o600, 0o700)


def test_the_backup_opens_with_the_version_that_made_it(
    filled: Path, newer: Path, build: Build, tmp_path: Path
) -> None:
    add_step(newer)
    command(filled, newer)
    (backup,) = (filled.parent / "backups").iterdir()
    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copy(backup, restored / "vestibule.db")
    assert try_login(build(STRICT, data=restored).test_client()).status_code == 200


def at_0002(filled: Path, addresses: dict[str, str]) -> None:
    """Take the file back to the second schema, with more accounts: addresses and their keys."""
    with create_engine(f"sqlite:///{filled}", poolclass=NullPool).begin() as connection:
        downgrade(steps.over(connection), "0002")
    for email, key in addresses.items():
        insert = "INSERT INTO users (email, email_key, hashed_password, created_at)"
        rows(filled, f"{insert} VALUES (?, ?, 'x', 1)", email, key)


def test_a_key_that_another_account_has_already_stays_as_it_was(filled: Path, build: Build) -> None:
    # Only the exercise's profile took the second for an address.
    street, odd = "a@stra\u00dfe.de", "a\uff20xn--strae-oqa.de"
    at_0002(filled, {street: "a@strasse.de", odd: "a@xn--strae-oqa.de"})
    build(STRICT)
    kept = dict(rows(filled, "SELECT email, email_key FROM users"))
    assert (kept[street], kept[odd]) == ("a@strasse.de", "a@xn--strae-oqa.de")


def test_addresses_of_an_earlier_version_are_compared_like_new_ones(
    filled: Path, build: Build
) -> None:
    folded = {
        "alice@fa\u00df.example": "alice@fass.example",
        "Bob@B\u00fccher.local": "bob@b\u00fccher.local",
        "carol@xn--exmple-cua.com": "carol@ex\u00e4mple.com",
        "erin@XN--strae-oqa.example": "erin@strasse.example",
        "Stra\u00dfe": "strasse",
        "dave fa\u00df@fa\u00df.de": "dave fass@fass.de",
    }
    at_0002(filled, folded)
    build(STRICT)
    kept = dict(rows(filled, "SELECT email, email_key FROM users"))
    assert kept == {email: comparison_key(email) for email in (ALICE, *folded)}


def test_a_newer_schema_is_refused_in_clear_words(filled: Path, newer: Path) -> None:
    add_step(newer)
    command(filled, newer)
    before = filled.read_bytes()
    ended = command(filled)
    assert ended.returncode == 2
    assert "at schema 9000" in ended.stderr
    assert "newer version" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert filled.read_bytes() == before


def test_a_step_that_fails_is_not_half_taken(filled: Path, newer: Path, build: Build) -> None:
    add_step(newer, then='op.execute("SELECT * FROM nowhere")')
    assert command(filled, newer).returncode != 0
    assert rows(filled, "SELECT version_num FROM alembic_version") == [(migrations.head(),)]
    assert rows(filled, "SELECT key FROM rate_limits WHERE key = 'step'") == []
    assert "nickname" not in str(rows(filled, "SELECT sql FROM sqlite_schema"))
    assert try_login(build(STRICT).test_client()).status_code == 200


@pytest.mark.parametrize("content", [b"marzipan " * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused_and_kept(at: Path, content: bytes) -> None:
    at.write_bytes(content)
    with pytest.raises(migrations.SchemaError, match="cannot be read"):
        migrations.upgrade(SQLiteFile(at), config.clock())
    assert at.read_bytes() == content


def test_a_database_of_something_else_is_refused(at: Path) -> None:
    rows(at, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(migrations.SchemaError, match="something else"):
        migrations.upgrade(SQLiteFile(at), config.clock())
    assert rows(at, "SELECT name FROM sqlite_schema") == [("recipes",)]


def test_an_empty_file_becomes_a_database(at: Path) -> None:
    at.touch()
    assert migrations.upgrade(SQLiteFile(at), config.clock()).after == migrations.head()


def test_what_is_stored_is_its_owners_alone(filled: Path, newer: Path, tmp_path: Path) -> None:
    add_step(newer)
    command(filled, newer)
    found = [filled.parent, *filled.parent.rglob("*")]
    assert len(found) >= 4
    for path in found:
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_a_directory_that_others_could_read_is_made_private_when_it_is_made(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        config.prepare_data(config.load(data=tmp_path / "a" / "b"))
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "b") == 0o700


def test_sqlite_is_one_without_the_wal_bug(at: Path) -> None:
    assert tuple(map(int, migrations.SQLITE_VERSION.split("."))) >= (3, 51, 3)
    migrations.upgrade(SQLiteFile(at), config.clock())
    assert rows(at, "SELECT sqlite_version()") == [(migrations.SQLITE_VERSION,)]
    assert rows(at, "PRAGMA journal_mode") == [("wal",)]
    with closing(at.open("rb")) as file:
        assert file.read(15) == b"SQLite format 3"


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version VALUES ('0099')",
        "DROP TABLE sessions",
        "DROP TABLE alembic_version",
    ],
)
def test_half_a_schema_is_refused_in_words(filled: Path, damage: str) -> None:
    rows(filled, damage)
    with pytest.raises(migrations.SchemaError, match=r"half a schema|something else"):
        migrations.upgrade(SQLiteFile(filled), config.clock())
