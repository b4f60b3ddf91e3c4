"""The schema on PostgreSQL: made from nothing, by one node at a time, never from a newer one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.running import vestibule
from tests.stage.databases import libpq, only_postgresql
from tests.stage.postgresql import cluster
from vestibule import config, migrations, records
from vestibule.config import Database

pytestmark = only_postgresql


@pytest.fixture
def url(database: str) -> Iterator[str]:
    """An empty database."""
    made = cluster().empty()
    yield made
    cluster().drop(made)


@pytest.fixture
def empty(url: str) -> Database:
    """The same, as the settings tell of it."""
    return config.load(database_url=url).database


def run(url: str, *statements: str) -> None:
    with psycopg.connect(libpq(url)) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def tables(url: str) -> set[str]:
    with psycopg.connect(libpq(url)) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in found}


def test_from_nothing_to_the_newest_and_then_nothing_more(empty: Database) -> None:
    assert migrations.current(empty) is None
    first, second = (migrations.upgrade(empty, config.clock()) for _ in range(2))
    assert (first.before, first.after, first.backup) == (None, migrations.head(), None)
    assert (second.before, second.after, second.backup) == (*[migrations.head()] * 2, None)
    assert migrations.current(empty) == migrations.head()


def test_models_and_migrations_agree(empty: Database, url: str) -> None:
    migrations.upgrade(empty, config.clock())
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, records.OutboxMessage.metadata) == []


def test_nodes_that_start_at_once_make_one_schema(empty: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: migrations.upgrade(empty, config.clock()), range(4)))
    assert sorted(str(each.before) for each in done) == [*[migrations.head()] * 3, "None"]


def test_a_newer_schema_is_refused(empty: Database, url: str) -> None:
    migrations.upgrade(empty, config.clock())
    run(url, "UPDATE alembic_version SET version_num = '9000'")
    with pytest.raises(migrations.SchemaError, match=r"at schema 9000.*newer version"):
        migrations.upgrade(empty, config.clock())


def test_a_database_of_something_else_is_refused_and_kept(empty: Database, url: str) -> None:
    run(url, "CREATE TABLE recipes (name text)")
    with pytest.raises(migrations.SchemaError, match="something else"):
        migrations.upgrade(empty, config.clock())
    assert tables(url) == {"recipes"}


def test_who_may_make_no_tables_is_told_and_nothing_is_made(empty: Database, url: str) -> None:
    run(url, "CREATE ROLE small LOGIN", "GRANT USAGE ON SCHEMA public TO small")
    weaker = config.load(database_url=url.replace("//vestibule:", "//small:")).database
    with pytest.raises(migrations.SchemaError, match="permission denied for schema public"):
        migrations.upgrade(weaker, config.clock())
    assert tables(url) == set()
    run(url, "REVOKE USAGE ON SCHEMA public FROM small", "DROP ROLE small")
    assert migrations.upgrade(empty, config.clock()).after == migrations.head()


def test_the_commands_speak_of_it_without_its_password(url: str, tmp_path: Path) -> None:
    given = {"VESTIBULE_DATABASE_URL": url}

    def db(*words: str) -> tuple[int, str]:
        ended = vestibule("db", *words, directory=tmp_path, settings=given)
        said = ended.stdout + ended.stderr
        assert "marzipan" not in said
        assert "Traceback" not in said
        return ended.returncode, said

    head = migrations.head()
    assert db("current") == (0, f"no database, newest is {head}\n")
    assert db("upgrade") == (0, f"nothing -> {head}\n")
    assert db("upgrade") == (0, f"{head} already\n")
    assert db("current") == (0, f"{head} (newest)\n")
    status, said = db("backup", "copy.db")
    assert status == 2
    assert "pg_dump" in said
    assert not (tmp_path / "copy.db").exists()
