"""Messages as the hub hands them to a handler."""

import json
from typing import Any

from lab_controller.bus.handler import Effects, Handler, Inbound
from lab_controller.bus.topics import parse_topic
from lab_controller.database import Database

NOW_US = 1_800_000_000_000_000


def inbound(topic: str, payload: Any, *, at_us: int = NOW_US, retained: bool = False) -> Inbound:
    """A message on `lab/5/<topic>`; anything but bytes and text goes as JSON."""
    if isinstance(payload, str):
        payload = payload.encode()
    elif not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    return Inbound(parse_topic(f"lab/5/{topic}"), payload, retained, at_us)


def store(database: Database, handler: Handler, *messages: Inbound) -> Effects:
    with database.write() as session:
        return handler.store(session, [m for m in messages if handler.wants(m.topic)])
