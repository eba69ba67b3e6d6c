"""Devices as pages show them."""

from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from lab_controller.equipment.tables import Device


@dataclass(frozen=True, slots=True)
class DeviceView:
    """`state` is what holds now: a device whose agent is lost is lost, whatever it said last."""

    id: str
    kind: str
    name: str
    state: str
    agent: str | None
    description: dict[str, Any]
    alerts: dict[str, Any]
    latest: dict[str, Any]
    blocked: tuple[int, ...]
    fit: dict[str, Any] | None
    first_seen_us: int
    last_seen_us: int
    properties: tuple["PropertyView", ...] = field(default=())


@dataclass(frozen=True, slots=True)
class PropertyView:
    """A property that the device describes; `value` is its latest text, None if it has not said any."""

    node: str
    prop: str
    name: str
    datatype: str
    unit: str
    settable: bool
    value: str | None


def _is_gone(agent: type[Device]) -> tuple[ColumnElement[bool], ...]:
    return col(agent.agent).is_(None), col(agent.state).in_(("lost", "disconnected"))


_agent = aliased(Device)
# For each page of a judge: made once, one question for the devices and those that speak for them.
_FOUND = (
    select(Device, col(_agent.id).is_not(None))
    .outerjoin(_agent, and_(col(_agent.id) == col(Device.agent), *_is_gone(_agent)))
    .where(col(Device.id).in_(bindparam("ids", expanding=True)))
    .order_by(col(Device.id))
)


def list_devices(session: Session, kind: str | None = None) -> list[DeviceView]:
    """All devices, or those of one kind, by id."""
    query = select(Device).order_by(col(Device.id))
    rows = session.exec(query if kind is None else query.where(Device.kind == kind)).all()
    gone_agents = _gone_agents(session)
    return [_view(row, gone_agents) for row in rows]


def find_devices(session: Session, ids: Collection[str]) -> list[DeviceView]:
    """Those of `ids` that are known, by id."""
    rows = session.execute(_FOUND, {"ids": list(ids)}).all()
    return [_view(device, {device.agent} if gone else ()) for device, gone in rows]


def get_device(session: Session, device: str) -> DeviceView | None:
    row = session.get(Device, device)
    return _view(row, _gone_agents(session)) if row else None


def _gone_agents(session: Session) -> frozenset[str]:
    return frozenset(session.exec(select(Device.id).where(*_is_gone(Device))))


def _view(row: Device, gone_agents: Container[str | None]) -> DeviceView:
    return DeviceView(
        id=row.id,
        kind=row.kind,
        name=row.name,
        state="lost" if row.agent in gone_agents else row.state,
        agent=row.agent,
        description=row.description,
        alerts=row.alerts,
        latest=row.latest,
        blocked=tuple(row.blocked),
        fit=row.fit,
        first_seen_us=row.first_seen_us,
        last_seen_us=row.last_seen_us,
        properties=tuple(iter_properties(row)),
    )


def iter_properties(row: Device) -> Iterable[PropertyView]:
    """What the description names, as far as it can be understood."""
    for node, described in _objects(row.description.get("nodes")):
        for prop, about in _objects(described.get("properties")):
            yield PropertyView(
                node=node,
                prop=prop,
                name=str(about.get("name") or prop),
                datatype=str(about.get("datatype") or "string"),
                unit=str(about.get("unit") or ""),
                settable=about.get("settable") is True,
                value=row.latest.get(f"{node}/{prop}"),
            )


def _objects(value: object) -> Iterable[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict):
                yield str(name), inner
