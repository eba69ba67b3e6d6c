"""SQLAlchemy engines with the promises that the lab makes: durable, checked, never surprised by a lock."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

BUSY_TIMEOUT_MS = 10_000


def prepare_folder(url: str) -> None:
    """Make the folder that a SQLite file lives in, closed to other users of the machine."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)


def make_engine(url: str, *, writes: bool, foreign_keys: bool = True) -> Engine:
    """An engine for writers or for readers; a reader cannot write by mistake."""
    address = make_url(url)
    # An error's text goes to logs and dead letters: no names of children and no hashes in it.
    options: dict[str, Any] = {"hide_parameters": True}
    if address.get_backend_name() == "sqlite":
        if not address.database or address.database == ":memory:":
            raise ValueError("the lab's SQLite database is a file")
        engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, **options)
        _tune_sqlite(engine, writes=writes, foreign_keys=foreign_keys)
        return engine
    if address.get_backend_name() == "postgresql":
        options |= {"pool_pre_ping": True, "pool_size": 8, "max_overflow": 8}
        if not writes:
            options["execution_options"] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return create_engine(address.set(drivername="postgresql+psycopg"), **options)
    raise ValueError(f"no support for {address.get_backend_name()}")


def _tune_sqlite(engine: Engine, *, writes: bool, foreign_keys: bool) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        # The driver's own BEGIN comes too late and is DEFERRED; ours is below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.execute("PRAGMA journal_size_limit = 67108864")
        if not writes:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
