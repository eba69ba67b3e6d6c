"""The whole lab in one process, over its own broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import select

from devices.transports.mqtt import MqttTransport
from lab_controller.audit.tables import AuditRecord
from lab_controller.bus.access import Kind
from lab_controller.bus.changes import DEVICES, device_key
from lab_controller.clock import SteadyClock
from lab_controller.database import Database
from lab_controller.lab import Lab
from lab_controller.settings import Settings
from lab_controller.upkeep import audit_step
from tests.devices.waiting import until


@pytest.fixture
async def lab(settings: Settings) -> AsyncIterator[Lab]:
    settings = settings.model_copy(update={"mqtt_port": 0, "serial_usb": False})
    async with asyncio.timeout(20), Lab.open(settings) as lab:
        await lab.hub.wait_connected()
        yield lab


async def test_an_empty_folder_becomes_a_lab_that_is_ready(lab: Lab) -> None:
    assert lab.database.is_current()
    health = lab.health()
    assert (health["status"], health["problems"]) == ("ready", [])


async def test_what_a_device_says_is_on_its_page(lab: Lab) -> None:
    assert lab.broker is not None
    password = lab.broker_accounts.add(actor="test", username="kit-1", kind=Kind.DEVICE)
    kit = MqttTransport(
        client_id="kit-1", host="127.0.0.1", port=lab.broker.port, username="kit-1", password=password
    )
    with lab.changes.subscribe(DEVICES) as changes:
        await kit.start()
        await kit.publish("lab/5/kit-1/$state", b"ready", retain=True)
        seen: set[str] = set()
        while "kit-1" not in seen:
            await changes.next()
            seen = {device.id for device in await asyncio.to_thread(lab.equipment.list_devices)}
    await kit.stop()
    assert lab.equipment.get_device("kit-1").state == "ready"


async def test_the_rooms_own_agent_is_there(lab: Lab) -> None:
    with lab.changes.subscribe(DEVICES) as changes:
        while [device.id for device in lab.equipment.list_devices() if device.state == "ready"] == []:
            await changes.next()
    assert [device.id for device in lab.equipment.list_devices()] == ["agent-room-1"]


async def test_a_gate_with_wifi_is_measured_by_the_same_clock_as_those_on_a_cable(lab: Lab) -> None:
    assert lab.broker is not None
    gate = "gate-e5b32a"
    password = lab.broker_accounts.add(actor="test", username=gate, kind=Kind.DEVICE)
    transport = MqttTransport(
        client_id=gate, host="127.0.0.1", port=lab.broker.port, username=gate, password=password
    )
    sync = {"datatype": "json", "settable": True}
    description = {"type": "gate", "nodes": {"clock": {"properties": {"sync": sync}}}}

    async def answer() -> None:
        async for message in transport.messages():
            told = {**json.loads(message.payload), "boot": "5f3a", "us": lab.device_clock.now_us()}
            transport.publish(f"lab/5/{gate}/clock/sync", json.dumps(told).encode())
            message.ack()

    with lab.changes.subscribe(device_key(gate)) as changes:
        await transport.subscribe([f"lab/5/{gate}/+/+/set"])
        await transport.start()
        answering = asyncio.create_task(answer())
        await transport.publish(f"lab/5/{gate}/$description", json.dumps(description).encode(), retain=True)
        await transport.publish(f"lab/5/{gate}/$state", b"ready", retain=True)
        await changes.next()
        while (fit := lab.equipment.get_device(gate).fit) is None:
            await changes.next()
    answering.cancel()
    await transport.stop()
    assert (fit["boot"], fit["clock_id"]) == ("5f3a", lab.device_clock_id)


async def test_a_stepped_host_clock_is_worth_a_look_and_no_reason_to_send_people_elsewhere(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab.clock, "host_offset_us", lambda: 3_600_000_000)
    health = lab.health()
    assert (health["status"], health["problems"], health["notes"]) == ("ready", [], ["clock_stepped"])


async def test_a_failed_part_is_told(lab: Lab) -> None:
    async def break_down() -> None:
        raise RuntimeError("broken")

    lab._keep(break_down(), "breaking")
    await asyncio.wait([lab.failed])
    assert isinstance(lab.failed.exception(), RuntimeError)
    assert lab.health()["problems"] == ["part_failed"]


async def test_a_lab_goes_on_from_its_newest_record_when_the_host_clock_went_back(settings: Settings) -> None:
    settings = settings.model_copy(update={"mqtt_port": 0, "serial_usb": False})
    wall_ns = 1_800_000_000_000_000_000
    async with Lab.open(settings, embedded_agent=False, clock=SteadyClock(lambda: wall_ns)) as before:
        before.people.create_account(actor="test", login="marat", password="password 1")
        newest_us = before.clock.now_us()
    behind = SteadyClock(lambda: wall_ns - 3_600_000_000_000)
    async with Lab.open(settings, embedded_agent=False, clock=behind) as after:
        assert after.clock.now_us() - newest_us < 60_000_000
        assert after.clock.now_us() >= wall_ns // 1000
        assert after.health()["notes"] == ["clock_stepped"]


async def test_a_lab_whose_host_clock_was_years_ahead_once_has_the_right_time_again(
    settings: Settings,
) -> None:
    settings = settings.model_copy(update={"mqtt_port": 0, "serial_usb": False})
    wall_ns = 1_800_000_000_000_000_000
    ahead = SteadyClock(lambda: wall_ns + 5 * 365 * 86_400 * 10**9)
    async with Lab.open(settings, embedded_agent=False, clock=ahead) as before:
        before.people.create_account(actor="test", login="marat", password="password 1")
    right = SteadyClock(lambda: wall_ns)
    async with Lab.open(settings, embedded_agent=False, clock=right) as after:
        assert after.clock.now_us() - wall_ns // 1000 < 60_000_000
        assert after.health()["notes"] == []
        await until(lambda: count_steps(after.database) == 1)


def count_steps(database: Database) -> int:
    with database.read() as session:
        return len(session.exec(select(AuditRecord).where(AuditRecord.action == "clock_stepped")).all())


def test_a_stepped_host_clock_is_audited_and_moves_no_time(tmp_path: Path) -> None:
    wall = [1_800_000_000_000_000_000]
    clock = SteadyClock(lambda: wall[0], lambda: 0)
    before_us = clock.now_us()
    wall[0] += 3_600_000_000_000
    database = Database(f"sqlite:///{tmp_path / 'lab.sqlite3'}")
    database.migrate()
    step_us = clock.observe_step_us()
    assert step_us is not None
    audit_step(clock, database, step_us)
    with database.read() as session:
        records = session.exec(select(AuditRecord)).all()
        assert [(r.at_us, r.action, r.payload) for r in records] == [
            (before_us, "clock_stepped", '{"step_us":3600000000}')
        ]
    database.close()
