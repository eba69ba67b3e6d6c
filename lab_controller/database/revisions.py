"""Which migration a database has reached and which one this program expects, without loading Alembic."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).parent / "migrations"


@cache
def head_revision() -> str:
    """The revision that this version of the program expects: migrations are numbered and never branch."""
    return max(known_revisions())


@cache
def known_revisions() -> frozenset[str]:
    """Every revision that this version can bring to its own shape."""
    return frozenset(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current_revision(connection: Connection) -> str | None:
    """The revision that the database has, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision
