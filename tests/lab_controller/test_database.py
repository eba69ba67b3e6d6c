import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select

from lab_controller.database import Database, Table
from lab_controller.database.migrate import downgrade, upgrade
from lab_controller.database.revisions import MIGRATIONS, current_revision, head_revision
from lab_controller.database.schema import load_metadata
from lab_controller.people.tables import Account, RoleGrant
from tests.peers import postgres


def account(name: str) -> Account:
    return Account(
        id=name, login=name, name=name, language="ru", password_hash="", active=True, created_us=2**60
    )


def test_migrations_build_exactly_the_tables_that_the_code_names(database: Database) -> None:
    with database.reader_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, load_metadata()) == []
        assert current_revision(connection) == head_revision()
    assert database.is_current()


def test_every_table_takes_its_names_from_the_one_base() -> None:
    load_metadata()
    outside = [t for t in Table.metadata.tables.values() if t.primary_key.name is None]
    assert outside == []


def test_every_microsecond_column_holds_64_bits(database: Database) -> None:
    columns = {
        (table, column["name"]): str(column["type"])
        for table in inspect(database.reader_engine).get_table_names()
        for column in inspect(database.reader_engine).get_columns(table)
        if column["name"].endswith(("_us", "seq"))
    }
    wanted = "INTEGER" if database.is_sqlite else "BIGINT"
    assert columns
    assert {name: kind for name, kind in columns.items() if kind not in (wanted, "BIGINT")} == {}


def test_migrations_go_down_to_nothing_and_up_again(database: Database) -> None:
    assert downgrade(database.url, "base") is None
    assert set(inspect(database.reader_engine).get_table_names()) == {"alembic_version"}
    assert upgrade(database.url) == head_revision()
    assert database.migrate() == head_revision()


def test_a_write_is_there_for_every_later_reader(database: Database) -> None:
    with database.write() as session:
        session.add(account("aigerim"))
    with database.read() as session:
        assert session.exec(select(Account.created_us)).all() == [2**60]


def test_a_row_without_its_parent_is_refused_and_nothing_of_its_write_stays(database: Database) -> None:
    orphan = RoleGrant(account_id="nobody", role="judge", scope="city", granted_us=0, granted_by="test")
    with pytest.raises(IntegrityError), database.write() as session:
        session.add_all([account("aigerim"), orphan])
    with database.read() as session:
        assert session.exec(select(Account)).all() == []


def test_a_reader_cannot_write(database: Database) -> None:
    with database.read() as session:
        session.add(account("aigerim"))
        with pytest.raises(DBAPIError):
            session.flush()


def test_a_reader_sees_one_moment_however_long_it_reads(database: Database) -> None:
    with database.read() as reader:
        assert reader.exec(select(Account.id)).all() == []
        with database.write() as session:
            session.add(account("aigerim"))
        assert reader.exec(select(Account.id)).all() == []


def test_a_write_inside_a_write_of_the_same_thread_is_an_error_not_a_deadlock(database: Database) -> None:
    with database.write(), pytest.raises(RuntimeError), database.write():
        pass
    with database.write() as session:
        session.add(account("aigerim"))


def test_writers_in_many_threads_lose_nothing(database: Database) -> None:
    def add(thread: int) -> None:
        for number in range(20):
            with database.write() as session:
                session.add(account(f"{thread}-{number}"))

    threads = [threading.Thread(target=add, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert len(session.exec(select(Account.id)).all()) == 80


def test_sqlite_keeps_its_promises_on_every_connection(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'lab.sqlite3'}")
    for engine in (database.writer_engine, database.reader_engine):
        with engine.connect() as connection:
            pragmas = {
                name: connection.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    database.close()


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="file"):
        Database("sqlite://")


def test_an_empty_database_is_not_current(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'lab.sqlite3'}")
    assert not database.is_current()
    database.migrate()
    assert database.is_current()
    database.close()


@pytest.mark.peer
def test_two_processes_may_migrate_at_once() -> None:
    url = postgres.create_database()
    revisions: list[str | None] = []
    threads = [threading.Thread(target=lambda: revisions.append(upgrade(url))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert revisions == [head_revision()] * 3
    postgres.drop_database(url)


def test_the_expected_revision_is_the_one_that_alembic_ends_at() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    assert ScriptDirectory.from_config(config).get_heads() == [head_revision()]
