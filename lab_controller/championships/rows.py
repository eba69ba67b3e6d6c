"""Insert rows that another worker may be inserting at this moment."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session


def insert_new(session: Session, table: Any, rows: list[dict[str, Any]]) -> list[Any]:
    """The rows that were not there yet, as objects; the others stay as they are."""
    if not rows:
        return []
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    # Always in the same order, so that two workers never wait for each other.
    ordered = sorted(rows, key=lambda row: tuple(map(str, row.values())))
    statement = insert(table).on_conflict_do_nothing().returning(table)
    return list(session.scalars(statement, ordered).all())
