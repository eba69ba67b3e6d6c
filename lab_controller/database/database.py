"""One database for the whole process: many readers, one writer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session

from lab_controller.database.engines import make_engine, prepare_folder
from lab_controller.database.revisions import current_revision, head_revision

# The database is away, full or locked, or another transaction was quicker: the same work may succeed later.
AGAIN_LATER = (OperationalError, InterfaceError, InternalError, StaleDataError)


class Database:
    """`write()` commits on leaving and is on disk by then; `read()` is one consistent snapshot.

    On SQLite writers wait for each other (a lock in the process, BEGIN IMMEDIATE between processes);
    on PostgreSQL they run side by side and a service locks the rows that it must.
    """

    def __init__(self, url: str) -> None:
        prepare_folder(url)
        self.url = url
        self.writer_engine = make_engine(url, writes=True)
        self.reader_engine = make_engine(url, writes=False)
        self.is_sqlite = self.writer_engine.dialect.name == "sqlite"
        self._writer = threading.Lock()
        self._writing = threading.local()

    @contextmanager
    def write(self) -> Iterator[Session]:
        if getattr(self._writing, "busy", False):
            raise RuntimeError("a write transaction inside another one of the same thread")
        if self.is_sqlite:
            self._writer.acquire()
        self._writing.busy = True
        try:
            with Session(self.writer_engine, expire_on_commit=False) as session, session.begin():
                yield session
        finally:
            self._writing.busy = False
            if self.is_sqlite:
                self._writer.release()

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.reader_engine, expire_on_commit=False) as session:
            yield session

    def migrate(self) -> str | None:
        """Bring the tables to this version's shape; gives the revision."""
        from lab_controller.database.migrate import upgrade  # Alembic is not needed otherwise

        return upgrade(self.url)

    def is_current(self) -> bool:
        """Whether the tables have the shape that this version expects."""
        with self.reader_engine.connect() as connection:
            return current_revision(connection) == head_revision()

    def is_reachable(self) -> bool:
        try:
            with self.reader_engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        self.writer_engine.dispose()
        self.reader_engine.dispose()
