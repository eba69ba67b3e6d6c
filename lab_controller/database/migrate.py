"""Migrations, from the first table."""

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from lab_controller.database.engines import make_engine
from lab_controller.database.revisions import MIGRATIONS, current_revision

# Any fixed number: two processes that start at once migrate one after the other.
_ADVISORY_LOCK = 7_202_601


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


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
