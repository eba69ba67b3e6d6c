"""Every database that the lab supports, built by the migrations: for the `database` fixture of a folder."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from lab_controller.database import Database
from tests.peers import postgres

KINDS = (pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.peer))


@cache
def sqlite_template() -> Path:
    """An empty database that the migrations have built, to be copied."""
    path = Path(tempfile.mkdtemp(prefix="lab-sqlite-")) / "template.sqlite3"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@contextmanager
def open_database(kind: str, folder: Path) -> Iterator[Database]:
    """A fresh database with all tables: `@pytest.fixture(params=KINDS)` gives the kinds."""
    if kind == "sqlite":
        path = folder / "lab.sqlite3"
        shutil.copy(sqlite_template(), path)
        url = f"sqlite:///{path}"
    else:
        url = postgres.migrated_database()
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
        if kind == "postgresql":
            postgres.drop_database(url)
