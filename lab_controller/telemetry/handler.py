"""Readings from the bus into the table, a whole batch by one statement."""

from collections.abc import Sequence
from functools import partial

from sqlmodel import Session, select, tuple_

from lab_controller import metrics
from lab_controller.bus.changes import points_key
from lab_controller.bus.handler import Effects, Inbound
from lab_controller.bus.topics import Topic
from lab_controller.equipment.tables import Device
from lab_controller.telemetry.batches import Batch, parse_batches
from lab_controller.telemetry.names import count_room, say_too_many
from lab_controller.telemetry.placing import Axes, Placing
from lab_controller.telemetry.tables import Series

_Key = tuple[str, str]
_INSERT = {
    "sqlite": "INSERT OR IGNORE INTO readings (series_id, at_us, value) VALUES (?, ?, ?)",
    "postgresql": "INSERT INTO readings (series_id, at_us, value) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
}
# What the lab and its own kits say to each other; anybody's other numbers are measured.
_NOT_MEASURED_NODES = frozenset({"gate", "clock", "agent", "changes", "jobs"})
_NOT_MEASURED = frozenset(
    {
        *(("program", prop) for prop in ("accepts", "run", "running", "slot", "slots", "stop", "stored")),
        *(("console", prop) for prop in ("baud", "printed", "send")),
        *(("firmware", prop) for prop in ("name", "profile", "version")),
        *(("board", prop) for prop in ("identify", "kind", "name", "reset", "serial")),
    }
)


class TelemetryHandler:
    """Takes `stream` batches, and plain numeric values of a quantity that the device does not stream."""

    def __init__(self) -> None:
        self._axes = Axes()

    def wants(self, topic: Topic) -> bool:
        measured = topic.node not in _NOT_MEASURED_NODES and (topic.node, topic.prop) not in _NOT_MEASURED
        return topic.kind == "value" and measured

    def store(self, session: Session, messages: Sequence[Inbound]) -> Effects:
        batches = [batch for message in messages for batch in parse_batches(message)]
        if not batches:
            return Effects()
        effects = Effects()
        series = _find_series(session, batches, effects)
        placing = Placing(session, self._axes)
        found = [(series.get((batch.device, batch.key)), batch) for batch in batches]
        rows = placing.place([(one, batch) for one, batch in found if one is not None])
        session.flush()
        if rows:
            # The driver's own executemany: SQLAlchemy's would spend four times as long on each row.
            session.connection().exec_driver_sql(_INSERT[session.get_bind().dialect.name], rows)
            metrics.READINGS.inc(len(rows))
        effects.changed += [points_key(device) for device in {batch.device: None for batch in batches}]
        effects.committed.append(partial(self._axes.take, placing.axes))
        return effects


def _find_series(session: Session, batches: Sequence[Batch], effects: Effects) -> dict[_Key, Series]:
    """Those that are known or new; what a device has beyond its room is missing, and is told."""
    wanted = {(batch.device, batch.key): batch for batch in batches}
    pair = tuple_(Series.device, Series.key)
    known = {(row.device, row.key): row for row in session.exec(select(Series).where(pair.in_(list(wanted))))}
    unknown = [(device, batch) for (device, key), batch in wanted.items() if (device, key) not in known]
    room = {device: count_room(session, device) for device in {device for device, _ in unknown}}
    for device, batch in unknown:
        if room[device] <= 0:
            effects.changed += say_too_many(session, device)
            continue
        room[device] -= 1
        unit = batch.unit if batch.unit is not None else _described_unit(session, device, batch.key)
        known[device, batch.key] = Series(device=device, key=batch.key, unit=unit)
        session.add(known[device, batch.key])
    session.flush()
    return known


def _described_unit(session: Session, device: str, key: str) -> str:
    row = session.get(Device, device)
    found: object = row.description.get("nodes") if row else None
    node, prop = key.split("/", 1)
    for name in (node, "properties", prop, "unit"):
        found = found.get(name) if isinstance(found, dict) else None
    return found[:32] if isinstance(found, str) else ""
