"""What the database itself promises about a championship's log."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lab_controller.championships.tables import Championship, LogRecord
from lab_controller.database import Database


@pytest.mark.parametrize(
    "statement", ["UPDATE championship_log SET payload = '{}'", "DELETE FROM championship_log"]
)
def test_a_record_of_the_log_can_be_neither_changed_nor_deleted(database: Database, statement: str) -> None:
    with database.write() as session:
        names = {"name_kk": "A", "name_ru": "A", "name_en": "A"}
        championship = Championship(
            slug="a", discipline="d", created_us=1, created_by="x", head_seq=1, head_hash="h", **names
        )
        session.add(championship)
        session.flush()
        assert championship.id is not None
        session.add(
            LogRecord(
                championship_id=championship.id,
                seq=1,
                at_us=1,
                actor="x",
                source="web",
                kind="contest_created",
                payload="{}",
                prev_hash="p",
                hash="h",
            )
        )
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.connection().execute(text(statement))
