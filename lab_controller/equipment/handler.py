"""Keeps the devices table as the devices tell of themselves over the bus."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from lab_controller.bus.changes import DEVICES, device_key
from lab_controller.bus.handler import Effects, Inbound, Outbound
from lab_controller.bus.payloads import parse_json, parse_object, parse_text
from lab_controller.bus.topics import Topic
from lab_controller.equipment.tables import Device
from lab_controller.errors import Invalid

STATES = frozenset({"init", "ready", "disconnected", "sleeping", "lost"})
# Passages, raw edges, consoles and events of jobs have tables of their own; a stream's samples are telemetry.
_ELSEWHERE = frozenset({("gate", "passage"), ("gate", "edge"), ("console", "printed"), ("jobs", "event")})
BLOCKED, FIT = ("gate", "blocked"), ("clock", "fit")
# What the list of devices shows; other values concern only the device's own page.
_SHOWN_NODES = frozenset({"gate", "agent", "battery", "program"})
MAX_LATEST = 200
"""Of one device; names that it no longer describes, the longest unchanged first, make place for new ones."""
MAX_ALERTS = 50
VALUES_ALERT, SERIES_ALERT = "lab-values", "lab-series"
"""The lab's own: what is left out is told where it is missed, while there is no room."""
MAX_ALERT_BYTES = 4096
MAX_NUMBER = 1e15
SEEN_STEP_US = 1_000_000
# Locked, in one order: a worker beside this one adds other values of the same devices.
_DEVICES = (
    select(Device)
    .where(col(Device.id).in_(bindparam("ids", expanding=True)))
    .order_by(col(Device.id))
    .with_for_update()
    .execution_options(populate_existing=True)
)


class DeviceHandler:
    def wants(self, topic: Topic) -> bool:
        return topic.kind in ("state", "description", "alert", "value") and topic.node != "changes"

    def store(self, session: Session, messages: Sequence[Inbound]) -> Effects:
        ids = {message.topic.device for message in messages}
        devices = {row.id: row for row in session.exec(_DEVICES, params={"ids": sorted(ids)})}
        # Held until the commit: the handlers after this one find them in the session.
        session.info["devices"] = list(devices.values())
        changed: dict[str, None] = {}
        publish: list[Outbound] = []
        for message in messages:
            for key in self._take(session, devices, message, publish):
                changed[key] = None
        return Effects(publish, list(changed))

    def _take(
        self, session: Session, devices: dict[str, Device], message: Inbound, publish: list[Outbound]
    ) -> tuple[str, ...]:
        topic = message.topic
        device = devices.get(topic.device)
        if device is None and not message.payload:
            return ()
        if device is not None and topic.kind == "state" and not message.payload:
            session.delete(devices.pop(topic.device))
            return (DEVICES, device_key(topic.device))
        if device is None:
            device = devices[topic.device] = _new_device(message)
            session.add(device)
            apply(device, topic, message.payload)
            return (DEVICES, device_key(device.id))
        seen_us = message.received_us - device.last_seen_us
        if seen_us >= SEEN_STEP_US and not message.retained:
            device.last_seen_us = message.received_us
        alerts, latest = device.alerts, device.latest
        changed = apply(device, topic, message.payload, retained=message.retained)
        if len(latest) >= MAX_LATEST:
            publish += _forget(device, latest, message)
        if not changed:
            return ()
        if topic.kind != "value" or topic.node in _SHOWN_NODES or device.alerts is not alerts:
            return (DEVICES, device_key(device.id))
        return (device_key(device.id),)


def apply(device: Device, topic: Topic, payload: bytes, *, retained: bool = False) -> bool:
    """Put one message into the row; tells whether anything but the time changed."""
    match topic.kind:
        case "state":
            state = parse_text(payload)
            if state not in STATES:
                raise Invalid("state_unknown", state=state[:40])
            return _set(device, "state", state)
        case "description":
            return _describe(device, payload)
        case "alert":
            alerts = {name: alert for name, alert in device.alerts.items() if name != topic.prop}
            if payload:
                alert = _parse_alert(payload)
                if _count_own(alerts) >= MAX_ALERTS:
                    return _say_too_many(device, MAX_ALERTS)
                alerts[topic.prop] = alert
            changed = _set(device, "alerts", alerts)
            return (_count_own(alerts) < MAX_ALERTS and _say_there_is_room(device, MAX_ALERTS)) or changed
        case _:
            return _take_value(device, topic, payload, retained)


def _take_value(device: Device, topic: Topic, payload: bytes, retained: bool) -> bool:
    if (topic.node, topic.prop) == BLOCKED:
        blocked = parse_json(payload) if payload else []
        if not isinstance(blocked, list) or not all(type(lane) is int for lane in blocked):
            raise Invalid("payload_invalid", problem="not a list of lanes")
        return _set(device, "blocked", blocked)
    if (topic.node, topic.prop) == FIT:
        return _set(device, "fit", parse_object(payload) if payload else None)
    if _is_elsewhere(topic):
        return False
    name = f"{topic.node}/{topic.prop}"
    latest = {key: value for key, value in device.latest.items() if key != name}
    if payload:
        text = parse_text(payload)
        if len(latest) >= MAX_LATEST:
            if retained and not _describes(device, name):
                return False  # the broker remembers every name that there ever was
            oldest = next((each for each in latest if not _describes(device, each)), None)
            if oldest is None:
                return _say_too_many(device, MAX_LATEST)
            del latest[oldest]
        latest[name] = text
    changed = _set(device, "latest", latest)
    return (len(latest) < MAX_LATEST and _say_there_is_room(device, MAX_LATEST)) or changed


def _forget(device: Device, before: dict[str, Any], message: Inbound) -> list[Outbound]:
    """What the broker need not remember either: it would bring a device back that was taken off the list."""
    names = dict.fromkeys(name for name in before if name not in device.latest)
    topic = message.topic
    name = f"{topic.node}/{topic.prop}"
    left_out = topic.kind == "value" and not _is_elsewhere(topic) and name not in device.latest
    if left_out and message.retained and device.description and not _describes(device, name):
        names[name] = None
    parts = [name.split("/", 1) for name in names]
    return [Outbound(Topic(device.id, "value", node, prop), b"", retain=True) for node, prop in parts]


def _is_elsewhere(topic: Topic) -> bool:
    """Whether a value has a place of its own, or none."""
    place = (topic.node, topic.prop)
    return place in _ELSEWHERE or place in {BLOCKED, FIT} or topic.prop == "stream"


def _describes(device: Device, name: str) -> bool:
    node, prop = name.split("/", 1)
    found: object = device.description
    for key in ("nodes", node, "properties", prop):
        found = found.get(key) if isinstance(found, dict) else None
    return found is not None


def _count_own(alerts: dict[str, Any]) -> int:
    return len(alerts.keys() - {VALUES_ALERT, SERIES_ALERT})


def _too_many(limit: int) -> dict[str, Any]:
    return {"code": "values_too_many", "params": {"limit": limit}}


def _say_too_many(device: Device, limit: int) -> bool:
    return _set(device, "alerts", {**device.alerts, VALUES_ALERT: _too_many(limit)})


def _say_there_is_room(device: Device, limit: int) -> bool:
    if device.alerts.get(VALUES_ALERT) != _too_many(limit):
        return False
    alerts = {name: alert for name, alert in device.alerts.items() if name != VALUES_ALERT}
    return _set(device, "alerts", alerts)


def _describe(device: Device, payload: bytes) -> bool:
    description = parse_object(payload) if payload else {}
    agent = description.get("parent") or description.get("root")
    alerts = {name: alert for name, alert in device.alerts.items() if name != VALUES_ALERT}
    changes = (
        _set(device, "alerts", alerts),
        _set(device, "description", description),
        _set(device, "kind", _text(description.get("type"))),
        _set(device, "name", _text(description.get("name")) or device.id),
        _set(device, "agent", _text(agent) or None),
    )
    return any(changes)


def _parse_alert(payload: bytes) -> dict[str, Any]:
    """Homie's alert is any text; ours is a code with parameters."""
    if not payload.lstrip().startswith(b"{"):
        return {"code": "device_alert", "params": {"text": parse_text(payload)[:500]}}
    alert = parse_object(payload)
    code, params = alert.get("code"), alert.get("params", {})
    if not isinstance(code, str) or not isinstance(params, dict) or len(payload) > MAX_ALERT_BYTES:
        raise Invalid("payload_invalid", problem="an alert has a code and params")
    if any(isinstance(value, int | float) and not abs(value) < MAX_NUMBER for value in params.values()):
        raise Invalid("payload_invalid", problem="a number beyond all measure")
    return {"code": code, "params": params}


def _new_device(message: Inbound) -> Device:
    return Device(
        id=message.topic.device,
        kind="",
        name=message.topic.device,
        state="init",
        description={},
        alerts={},
        latest={},
        blocked=[],
        first_seen_us=message.received_us,
        last_seen_us=message.received_us,
    )


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""


def _set(device: Device, name: str, value: object) -> bool:
    if getattr(device, name) == value:
        return False
    setattr(device, name, value)
    return True
