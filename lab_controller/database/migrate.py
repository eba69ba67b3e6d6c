"""Migrations, from the first table."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from lab_controller.database.engines import make_engine

# Any fixed number: two processes that start at once migrate one after the other.
_ADVISORY_LOCK = 7_202_601


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


@cache
def head_revision() -> str:
    """The revision that this version of the program expects."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("there are no migrations")
    return head


def current_revision(connection: Connection) -> str | None:
    """The revision that the database has, None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(url: str, revision: str = "head") -> str | None:
    """Migrate in one transaction, all or nothing; gives the revision reached."""
    return _run(url, revision, command.upgrade)


def downgrade(url: str, revision: str) -> str | None:
    """Go back to `revision` in one transaction; gives the revision reached."""
    return _run(url, revision, command.downgrade)


def _run(url: str, revision: str, move: Callable[[Config, str], None]) -> str | None:
    # A rebuilt SQLite table would drag its children along, so keys are checked after, not during.
    engine = make_engine(url, writes=True, foreign_keys=False)
    config = _config()
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            config.attributes["connection"] = connection
            move(config, revision)
            if connection.dialect.name == "sqlite" and (
                broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            ):
                raise RuntimeError(f"the migration would leave rows without their parents: {broken[:5]}")
            return current_revision(connection)
    finally:
        engine.dispose()
