"""Kits of room 204 as they would have told of themselves over the bus."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from devices.transports.mqtt import MqttTransport
from lab_controller.bus.access import Kind
from lab_controller.equipment.tables import Device
from lab_controller.lab import Lab
from tests.web.people import PASSWORD

AGENT = "agent-204"
UNO = "uno-1a2b3c4d"
ACCEPTS = {"kit": "arduino_uno", "suffixes": [".hex"], "max_bytes": 100_000, "slots": 3, "can_run": True}
PORTS = [
    {"port": "/dev/ttyACM0", "id": "1-2", "usb": "2341:0043", "kit": "arduino_uno", "device": UNO},
    {"port": "/dev/ttyUSB0", "id": "1-3", "usb": "1a86:7523", "problem": "port_not_named"},
]


def prop(settable: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": "told", "datatype": "string", "settable": settable, **more}


NODES = {
    "program": {"properties": {"run": prop(True), "stop": prop(True), "accepts": prop()}},
    "console": {"properties": {"send": prop(True), "printed": prop()}},
    "board": {"properties": {"reset": prop(True), "identify": prop(True)}},
    "battery": {"properties": {"percent": prop(unit="%")}},
    "ports": {"properties": {"a": prop(name="Port A")}},
    "pins": {"properties": {"d13": prop(True, name="Pin 13")}},
    "telemetry": {"properties": {"light": prop(name="Light", unit="lx")}},
}
LATEST = {
    "program/accepts": json.dumps(ACCEPTS),
    "program/running": "true",
    "program/slot": "1",
    "battery/percent": "81",
    "firmware/version": "1.8",
    "ports/a": '{"device": "motor"}',
    "pins/d13": "1",
}


def add_room(lab: Lab) -> None:
    """Agent 204 and an Uno at it."""
    add_device(lab, AGENT, "agent", {"jobs": {}, "agent": {"properties": {"use": prop(True)}}}, None)
    set_latest(lab, AGENT, {"agent/ports": json.dumps(PORTS)})
    add_device(lab, UNO, "arduino-uno", NODES, AGENT)
    set_latest(lab, UNO, LATEST)


def add_device(
    lab: Lab, device: str, kind: str, nodes: dict[str, Any], agent: str | None, *, state: str = "ready"
) -> None:
    now_us = lab.clock.now_us()
    with lab.database.write() as session:
        session.add(
            Device(
                id=device,
                kind=kind,
                name=device.split("-", maxsplit=1)[0].title(),
                state=state,
                agent=agent,
                description={"nodes": nodes},
                alerts={},
                latest={},
                blocked=[],
                first_seen_us=now_us,
                last_seen_us=now_us,
            )
        )


def set_latest(lab: Lab, device: str, latest: dict[str, str]) -> None:
    with lab.database.write() as session:
        row = session.get_one(Device, device)
        row.latest = row.latest | latest


def add_person(lab: Lab, login: str, role: str, scope: str) -> str:
    """Gives the account."""
    account = lab.people.create_account(actor="test", login=login, password=PASSWORD, language="en")
    lab.people.grant(actor="test", login=login, role=role, scope=scope)
    return account


@asynccontextmanager
async def agent_of_room(lab: Lab) -> AsyncIterator[MqttTransport]:
    """What speaks for room 204 on the lab's own broker, and hears its orders."""
    assert lab.broker is not None
    password = lab.broker_accounts.add_own(AGENT, Kind.AGENT)
    transport = MqttTransport(
        client_id=AGENT, host="127.0.0.1", port=lab.broker.port, username=AGENT, password=password
    )
    await transport.subscribe(["lab/5/+/+/+/set"])
    await transport.start()
    await transport.connected.wait()
    try:
        yield transport
    finally:
        await transport.stop()


def say(transport: MqttTransport, topic: str, told: Any, *, retain: bool = False) -> None:
    payload = told if isinstance(told, str) else json.dumps(told)
    transport.publish(f"lab/5/{topic}", payload.encode(), retain=retain)
