"""Readings from the bus into the table, a whole batch by one statement."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, func, select, tuple_

from lab_controller import metrics
from lab_controller.bus.changes import points_key
from lab_controller.bus.handler import Effects, Inbound
from lab_controller.bus.payloads import parse_json, parse_number, parse_text
from lab_controller.bus.topics import Topic
from lab_controller.equipment.tables import Device
from lab_controller.errors import Invalid
from lab_controller.telemetry.rollup import floor_minute
from lab_controller.telemetry.tables import Series

MAX_SAMPLES = 2000
MAX_BATCHES = 64
MAX_KEY = 64
MAX_SERIES = 1000
"""Of one device, for ever: a program that puts a counter into its labels must not fill the database."""
INT63 = 2**63
# Samples stay on the device's own time axis as long as it agrees this well with their arrival.
EARLY_US = 1_000_000
LATE_US = 5_000_000
# A minute that has been rolled up is counted again for readings as late as this: they are all still there.
COUNTED_AGAIN_US = 86_400_000_000
_INSERT = {
    "sqlite": "INSERT OR IGNORE INTO readings (series_id, at_us, value) VALUES (?, ?, ?)",
    "postgresql": "INSERT INTO readings (series_id, at_us, value) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
}
_NOT_TELEMETRY = frozenset(
    {"gate", "clock", "agent", "changes", "jobs", "console", "program", "firmware", "board", "ports", "pins"}
)


class TelemetryHandler:
    """Takes `stream` batches, and plain numeric values of a quantity that the device does not stream."""

    def wants(self, topic: Topic) -> bool:
        return topic.kind == "value" and topic.node not in _NOT_TELEMETRY

    def store(self, session: Session, messages: Sequence[Inbound]) -> Effects:
        batches = [batch for message in messages for batch in parse_batches(message)]
        if not batches:
            return Effects()
        series = _find_series(session, batches)
        placed = [(series.get((batch.device, batch.key)), batch) for batch in batches]
        rows = [row for one, batch in placed if one is not None for row in _place(one, batch)]
        session.flush()
        if rows:
            # The driver's own executemany: SQLAlchemy's would spend four times as long on each row.
            session.connection().exec_driver_sql(_INSERT[session.get_bind().dialect.name], rows)
            metrics.READINGS.inc(len(rows))
        return Effects(changed=[points_key(device) for device in {batch.device: None for batch in batches}])


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of one quantity: `us` is the device's own time, None for a plain value."""

    device: str
    key: str
    unit: str | None
    us: list[int] | None
    values: list[float]
    received_us: int


def parse_batches(message: Inbound) -> list[Batch]:
    """Empty for a value that is no reading; raises Invalid for a stream that is none.

    A stream is one batch, or a list of them: what a device measured of several quantities at a time.
    """
    topic = message.topic
    if topic.prop == "stream":
        told = parse_json(message.payload)
        if isinstance(told, list):
            if len(told) > MAX_BATCHES:
                raise Invalid("stream_invalid", problem="too many batches", limit=MAX_BATCHES)
            return [_parse_batch(message, each) for each in told]
        return [_parse_batch(message, told)]
    # A retained value is what the broker remembers, at a time that nobody knows.
    if message.retained or not message.payload:
        return []
    number = parse_number(parse_text(message.payload))
    if number is None:
        return []
    return [Batch(topic.device, f"{topic.node}/{topic.prop}", None, None, [number], message.received_us)]


def _parse_batch(message: Inbound, payload: object) -> Batch:
    if not isinstance(payload, dict):
        raise Invalid("stream_invalid", problem="not an object")
    key, unit = payload.get("key"), payload.get("unit", "")
    us, values = payload.get("us"), payload.get("values")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY or not isinstance(unit, str):
        raise Invalid("stream_invalid", problem="key or unit")
    if (
        not isinstance(us, list)
        or not isinstance(values, list)
        or not 0 < len(us) == len(values) <= MAX_SAMPLES
    ):
        raise Invalid("stream_invalid", problem="us and values", limit=MAX_SAMPLES)
    if not all(type(at) is int and 0 <= at < INT63 for at in us):
        raise Invalid("stream_invalid", problem="us")
    if not all(type(value) in (int, float) and math.isfinite(value) for value in values):
        raise Invalid("stream_invalid", problem="values")
    node = message.topic.node
    return Batch(message.topic.device, f"{node}/{key}", unit[:32], us, values, message.received_us)


def _find_series(session: Session, batches: Sequence[Batch]) -> dict[tuple[str, str], Series]:
    """Those that are known or new; what a device has beyond `MAX_SERIES` is missing."""
    wanted = {(batch.device, batch.key): batch for batch in batches}
    pair = tuple_(Series.device, Series.key)
    known = {(row.device, row.key): row for row in session.exec(select(Series).where(pair.in_(list(wanted))))}
    unknown = [(device, batch) for (device, key), batch in wanted.items() if (device, key) not in known]
    room = {
        device: MAX_SERIES - _count_series(session, device) for device in {device for device, _ in unknown}
    }
    for device, batch in unknown:
        if room[device] <= 0:
            metrics.DEAD_LETTERS.labels("values_too_many").inc()
            continue
        room[device] -= 1
        unit = batch.unit if batch.unit is not None else _described_unit(session, device, batch.key)
        known[device, batch.key] = Series(device=device, key=batch.key, unit=unit)
        session.add(known[device, batch.key])
    session.flush()
    return known


def _count_series(session: Session, device: str) -> int:
    return session.scalar(select(func.count()).where(Series.device == device)) or 0


def _described_unit(session: Session, device: str, key: str) -> str:
    row = session.get(Device, device)
    found: object = row.description.get("nodes") if row else None
    node, prop = key.split("/", 1)
    for name in (node, "properties", prop, "unit"):
        found = found.get(name) if isinstance(found, dict) else None
    return found[:32] if isinstance(found, str) else ""


def _place(series: Series, batch: Batch) -> list[tuple[int, int, float]]:
    """Rows on the wall clock; a batch that comes twice lands on the same microseconds."""
    number = series.id or 0
    if batch.us is None:
        return [(number, batch.received_us, float(batch.values[0]))] if series.offset_us is None else []
    newest_us = max(batch.us)
    offset_us = series.offset_us
    if offset_us is None or not -LATE_US <= offset_us + newest_us - batch.received_us <= EARLY_US:
        # First batch, the board restarted, or its clock has drifted off.
        series.offset_us = offset_us = batch.received_us - newest_us
    oldest_us = offset_us + min(batch.us)
    if series.rolled_us - COUNTED_AGAIN_US < oldest_us < series.rolled_us:
        series.rolled_us = floor_minute(max(oldest_us, 0))
    return [
        (number, offset_us + at_us, float(value)) for at_us, value in zip(batch.us, batch.values, strict=True)
    ]
