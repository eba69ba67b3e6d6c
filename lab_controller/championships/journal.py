"""The championship log in the database: one writer at a time, every record chained to the last."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, insert, select

from competitions.contest import Record, parse_record
from competitions.events import Event, to_record
from lab_controller.canonical import canonical_json
from lab_controller.championships.log import chain
from lab_controller.championships.tables import Championship, LogRecord
from lab_controller.errors import Invalid, NotFound

# Built once: SQLAlchemy takes longer to build a statement than SQLite to answer it.
_NEWEST = select(Championship).execution_options(populate_existing=True)
_BY_SLUG = _NEWEST.where(col(Championship.slug) == bindparam("slug"))
_LOCKED_BY_SLUG = _BY_SLUG.with_for_update()
_LOCKED = _NEWEST.where(col(Championship.id) == bindparam("id")).with_for_update()
_APPEND = insert(LogRecord)


def load_championship(session: Session, slug: str, *, lock: bool = False) -> Championship:
    """The championship's row as it is now; `lock` makes other writers of its log wait."""
    championship = session.exec(_LOCKED_BY_SLUG if lock else _BY_SLUG, params={"slug": slug}).first()
    if championship is None:
        raise NotFound("championship_unknown", championship=slug)
    return championship


def lock_championship(session: Session, championship_id: int) -> Championship:
    return session.exec(_LOCKED, params={"id": championship_id}).one()


def append(
    session: Session,
    championship: Championship,
    events: Sequence[Event],
    *,
    at_us: int,
    actor: str,
    source: str,
    voids: int | None = None,
) -> list[Record]:
    """Add `events` to a locked championship's log; durable when the caller's transaction commits.

    `voids` is the record that the first event takes back. Raises Invalid `not_loggable` for text that
    is not UTF-8 and numbers that are not JSON.
    """
    entries: list[dict[str, Any]] = []
    for event in events:
        kind, payload = to_record(event)
        first = not entries
        entries.append(
            {
                "at_us": at_us,
                "actor": actor,
                "source": source,
                "kind": kind,
                "payload": payload,
                "voids": voids if first else None,
            }
        )
    try:
        lines = chain(
            championship.slug, entries, after=championship.head_seq, prev_hash=championship.head_hash
        )
    except ValueError:
        raise Invalid("not_loggable") from None
    rows = [{**line, "payload": canonical_json(line["payload"])} for line in lines]
    if rows:
        session.connection().execute(_APPEND, [{**row, "championship_id": championship.id} for row in rows])
        championship.head_seq, championship.head_hash = lines[-1]["seq"], lines[-1]["hash"]
        session.add(championship)
    # Read back from the stored text, so that the live fold sees exactly what a rebuild will see.
    return [parse_record({**row, "payload": json.loads(row["payload"])}) for row in rows]


def iter_rows(
    session: Session, championship: Championship, *, after: int = 0, limit: int | None = None
) -> Iterator[dict[str, Any]]:
    """Records after a seq as mappings, with their hashes.

    Up to the end that `championship` names: on PostgreSQL another worker may have gone on since it was read.
    """
    columns: Iterable[Any] = LogRecord.__table__.columns  # type: ignore[attr-defined]
    query = (
        select(*(column for column in columns if column.name != "championship_id"))
        .where(LogRecord.championship_id == championship.id)
        .where(LogRecord.seq > after, LogRecord.seq <= championship.head_seq)
        .order_by(col(LogRecord.seq))
        .limit(limit)
    )
    for row in session.connection().execute(query).mappings():
        yield {**row, "payload": json.loads(row["payload"])}


def load_records(session: Session, championship: Championship, *, after: int = 0) -> list[Record]:
    return [parse_record(row) for row in iter_rows(session, championship, after=after)]
