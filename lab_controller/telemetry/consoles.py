"""What programs on devices print: the last of it, kept for whoever opens the page later."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from lab_controller import metrics
from lab_controller.bus.changes import console_key
from lab_controller.bus.handler import Effects, Inbound
from lab_controller.bus.payloads import parse_object
from lab_controller.bus.topics import Topic
from lab_controller.errors import Invalid
from lab_controller.telemetry.tables import ConsoleChunk

LONGEST = 32_000
INT63 = 2**63
MOST = 500


@dataclass(frozen=True, slots=True)
class ChunkView:
    """`skipped` characters after `text` were more than the line carries."""

    id: int
    at_us: int
    text: str
    skipped: int


class ConsoleHandler:
    def wants(self, topic: Topic) -> bool:
        return topic.kind == "value" and (topic.node, topic.prop) == ("console", "printed")

    def store(self, session: Session, messages: Sequence[Inbound]) -> Effects:
        """A chunk that comes again is stored once."""
        chunks = {(chunk.device, chunk.us): chunk for chunk in map(parse_chunk, messages)}
        devices = {device for device, _ in chunks}
        sent = {us for _, us in chunks}
        wanted = select(ConsoleChunk.device, ConsoleChunk.us).where(
            col(ConsoleChunk.device).in_(devices), col(ConsoleChunk.us).in_(sent)
        )
        known = set(session.exec(wanted).all())
        new = [chunk for place, chunk in chunks.items() if place not in known]
        session.add_all(new)
        changed = [console_key(device) for device in {chunk.device: None for chunk in new}]
        return Effects(changed=changed, committed=[partial(metrics.CONSOLE_CHUNKS.inc, len(new))])


def parse_chunk(message: Inbound) -> ConsoleChunk:
    """Raises Invalid."""
    told: dict[str, Any] = parse_object(message.payload)
    match told:
        case {"us": int(us), "text": str(text)} if 0 <= us < INT63:
            skipped = told.get("skipped", 0)
            return ConsoleChunk(
                device=message.topic.device,
                at_us=message.received_us,
                us=us,
                # PostgreSQL keeps no NUL, and half a surrogate pair is no text.
                text=text[:LONGEST].replace("\x00", "\ufffd").encode(errors="replace").decode(),
                skipped=skipped if type(skipped) is int and 0 <= skipped < 2**31 else 0,
            )
    raise Invalid("payload_invalid", problem="not a piece of a console")


def last_chunks(session: Session, device: str, limit: int = MOST) -> list[ChunkView]:
    """The newest `limit`, in order."""
    query = select(ConsoleChunk).where(ConsoleChunk.device == device).order_by(col(ConsoleChunk.id).desc())
    return [_view(row) for row in reversed(session.exec(query.limit(limit)).all())]


def chunks_after(session: Session, device: str, after: int, limit: int = MOST) -> list[ChunkView]:
    """The `limit` that follow the chunk `after`, in order."""
    query = select(ConsoleChunk).where(ConsoleChunk.device == device, col(ConsoleChunk.id) > after)
    return [_view(row) for row in session.exec(query.order_by(col(ConsoleChunk.id)).limit(limit))]


def forget_chunks(session: Session, kept: int, limit: int = 20_000) -> int:
    """Leave the last `kept` of each device, deleting at most `limit`; gives how many went."""
    count = func.count(col(ConsoleChunk.id))
    full = select(ConsoleChunk.device).group_by(col(ConsoleChunk.device)).having(count > kept)
    deleted = 0
    for device in session.exec(full).all():
        newest = select(ConsoleChunk.id).where(ConsoleChunk.device == device)
        first = session.exec(newest.order_by(col(ConsoleChunk.id).desc()).offset(kept - 1).limit(1)).one()
        old = select(ConsoleChunk.id).where(ConsoleChunk.device == device, col(ConsoleChunk.id) < first)
        ids = session.exec(old.order_by(col(ConsoleChunk.id)).limit(limit - deleted)).all()
        if ids:
            session.exec(
                delete(ConsoleChunk).where(
                    col(ConsoleChunk.device) == device, col(ConsoleChunk.id) <= ids[-1]
                )
            )
            deleted += len(ids)
        if deleted >= limit:
            break
    return deleted


def _view(row: ConsoleChunk) -> ChunkView:
    return ChunkView(row.id or 0, row.at_us, row.text, row.skipped)
