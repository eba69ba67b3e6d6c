"""Insert rows that another worker may be inserting at this moment."""

from functools import cache
from typing import Any, cast

from sqlalchemy import Row, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session


def insert_new(session: Session, table: Any, rows: list[dict[str, Any]]) -> list[Row[Any]]:
    """The rows that were not there yet, as they were stored; the others stay as they are."""
    if not rows:
        return []
    # Always in the same order, so that two workers never wait for each other.
    ordered = sorted(rows, key=lambda row: tuple(map(str, row.values())))
    statement = _insert(table_of(table), session.get_bind().dialect.name)
    return list(session.connection().execute(statement, ordered).all())


def table_of(table: Any) -> Table:
    """The table itself, for rows that need not be objects: those cost several times as much."""
    return cast(Table, table.__table__)


@cache
def _insert(table: Table, dialect: str) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing().returning(table)
