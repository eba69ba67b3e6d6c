"""Keeps the devices table as the devices tell of themselves over the bus."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from lab_controller.bus.changes import DEVICES, device_key
from lab_controller.bus.handler import Effects, Inbound
from lab_controller.bus.payloads import parse_json, parse_object, parse_text
from lab_controller.bus.topics import Topic
from lab_controller.equipment.tables import Device
from lab_controller.errors import Invalid

STATES = frozenset({"init", "ready", "disconnected", "sleeping", "lost"})
# Passages, raw edges, consoles and events of jobs have tables of their own; a stream's samples are telemetry.
_ELSEWHERE = frozenset({("gate", "passage"), ("gate", "edge"), ("console", "printed"), ("jobs", "event")})
# What the list of devices shows; other values concern only the device's own page.
_SHOWN_NODES = frozenset({"gate", "agent", "battery", "program"})
MAX_LATEST = 200
MAX_ALERTS = 50
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
        for message in messages:
            for key in self._take(session, devices, message):
                changed[key] = None
        return Effects(changed=list(changed))

    def _take(self, session: Session, devices: dict[str, Device], message: Inbound) -> tuple[str, ...]:
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
        if not apply(device, topic, message.payload):
            return ()
        if topic.kind != "value" or topic.node in _SHOWN_NODES:
            return (DEVICES, device_key(device.id))
        return (device_key(device.id),)


def apply(device: Device, topic: Topic, payload: bytes) -> bool:
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
                if len(alerts) >= MAX_ALERTS:
                    raise Invalid("values_too_many", limit=MAX_ALERTS)
                alerts[topic.prop] = _parse_alert(payload)
            return _set(device, "alerts", alerts)
        case _:
            return _take_value(device, topic, payload)


def _take_value(device: Device, topic: Topic, payload: bytes) -> bool:
    if (topic.node, topic.prop) in _ELSEWHERE or topic.prop == "stream":
        return False
    if (topic.node, topic.prop) == ("gate", "blocked"):
        blocked = parse_json(payload) if payload else []
        if not isinstance(blocked, list) or not all(type(lane) is int for lane in blocked):
            raise Invalid("payload_invalid", problem="not a list of lanes")
        return _set(device, "blocked", blocked)
    if (topic.node, topic.prop) == ("clock", "fit"):
        return _set(device, "fit", parse_object(payload) if payload else None)
    name = f"{topic.node}/{topic.prop}"
    latest = {key: value for key, value in device.latest.items() if key != name}
    if payload:
        if len(latest) >= MAX_LATEST:
            raise Invalid("values_too_many", limit=MAX_LATEST)
        latest[name] = parse_text(payload)
    return _set(device, "latest", latest)


def _describe(device: Device, payload: bytes) -> bool:
    description = parse_object(payload) if payload else {}
    agent = description.get("parent") or description.get("root")
    changes = (
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
