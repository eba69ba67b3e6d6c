"""An upload through the whole lab: hub, broker, room agent, an emulated kit on a real pseudo-terminal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from devices.agent import RoomAgent, agent_id, agent_will
from devices.clock import MonotonicClock
from devices.discovery import SystemPorts
from devices.errors import UploadError
from devices.kits.timing_gate import KIT
from devices.kits.timing_gate.emulator import GateEmulator
from devices.talk import Heard, Progress, Talk, Until
from devices.transports.mqtt import MqttTransport
from devices.uploads import Program, Uploads
from lab_controller.bus.access import Kind
from lab_controller.lab import Lab
from lab_controller.programs.queries import JobView
from lab_controller.settings import Settings
from tests.devices.waiting import until
from tests.peers.parts import free_port

pytestmark = [pytest.mark.peer, pytest.mark.slow]

ROOM, GATE = "204", "gate-a1b2c3"
BIG = bytes(range(256)) * 1024
PASSWORD = "of-the-agent"


class Gatekeeper:
    """A program waits in the middle of its upload until `open`."""

    open = False


def prepare(program: Program) -> bytes:
    if program.data == b"bad":
        raise UploadError("program_damaged", name=program.name, line=1, problem="checksum")
    return program.data


def talk(program: bytes, heard: Heard, _host: object) -> Talk[None]:
    yield Progress("writing", 0, len(program))
    waited = 0
    while program == b"waits" and not Gatekeeper.open and waited < 400:
        yield Until(lambda: None, 50_000)
        waited += 1
    yield Progress("writing", len(program), len(program))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    Gatekeeper.open = False
    return Settings(
        data_dir=tmp_path,
        room=ROOM,
        mqtt_host="127.0.0.1",
        mqtt_port=free_port(),
        argon2_time_cost=1,
        argon2_memory_kib=64,
        argon2_parallelism=1,
    )


@asynccontextmanager
async def hub(settings: Settings) -> AsyncIterator[Lab]:
    async with Lab.open(settings, embedded_agent=False) as lab:
        if not any(member.username == agent_id(ROOM) for member, _ in lab.broker_accounts.list()):
            lab.broker_accounts.add(actor="test", username=agent_id(ROOM), kind=Kind.AGENT, password=PASSWORD)
        yield lab


@asynccontextmanager
async def agent(settings: Settings, link: Path) -> AsyncIterator[RoomAgent]:
    name = agent_id(ROOM)
    transport = MqttTransport(
        client_id=name,
        host="127.0.0.1",
        port=settings.mqtt_port,
        username=name,
        password=PASSWORD,
        will=agent_will(ROOM),
    )
    kit = replace(KIT, uploads=Uploads((".bin",), 1_000_000, prepare, talk=talk))
    clock = MonotonicClock()
    ports = SystemPorts([str(link)], clock, usb=False)
    room = RoomAgent(ROOM, transport, settings.data_dir / "agent", ports, clock, kits=[kit])
    running = asyncio.create_task(room.run())
    try:
        yield room
    finally:
        await room.stop()
        await running


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Path]:
    server = GateEmulator().serve(tmp_path / "gate0")
    yield tmp_path / "gate0"
    server.unplug()


def is_there(lab: Lab) -> bool:
    known = {device.id: device for device in lab.equipment.list_devices()}
    return GATE in known and known[GATE].state == "ready" and "program/accepts" in known[GATE].latest


async def send(lab: Lab, data: bytes, key: str = "k1") -> JobView:
    await until(lambda: is_there(lab))
    return await asyncio.to_thread(
        lambda: lab.programs.submit("test", GATE, "a.bin", data, slot=None, run=True, key=key)
    )


async def state_of(lab: Lab, job: JobView, *states: str) -> JobView:
    await until(lambda: lab.programs.get_job(job.id).state in states)
    return lab.programs.get_job(job.id)


async def test_a_program_goes_onto_a_kit_and_its_end_is_remembered_nowhere_else(
    settings: Settings, board: Path
) -> None:
    async with hub(settings) as lab, agent(settings, board) as room:
        job = await state_of(lab, await send(lab, BIG), "succeeded", "failed")
        assert (job.state, job.stage, job.code) == ("succeeded", "writing", "")
        bad = await state_of(lab, await send(lab, b"bad", "k2"), "succeeded", "failed")
        told = (bad.code, bad.params["problem"], bad.can_retry)
        assert told == ("program_damaged", "checksum", False)
        await until(lambda: room.waiting == 0)


async def test_a_hub_that_dies_in_the_middle_of_a_job_learns_how_it_ended(
    settings: Settings, board: Path
) -> None:
    async with agent(settings, board):
        async with hub(settings) as lab:
            job = await send(lab, b"waits")
            await state_of(lab, job, "running")
        Gatekeeper.open = True
        async with hub(settings) as lab:
            assert (await state_of(lab, job, "succeeded", "failed")).state == "succeeded"


async def test_an_agent_that_is_started_again_says_that_the_job_was_broken_off(
    settings: Settings, board: Path
) -> None:
    async with hub(settings) as lab:
        async with agent(settings, board):
            job = await send(lab, b"waits")
            await state_of(lab, job, "running")
        assert (await state_of(lab, job, "cancelled", "failed", "unknown")).state != "succeeded"
        async with agent(settings, board):
            ended = await state_of(lab, job, "cancelled", "failed")
            Gatekeeper.open = True
            again = lab.programs.retry("test", ended.id)
            assert (await state_of(lab, again, "succeeded", "failed")).attempt == 2


async def test_an_order_waits_for_an_agent_that_comes_later(settings: Settings, board: Path) -> None:
    async with hub(settings) as lab:
        async with agent(settings, board):
            await until(lambda: is_there(lab))
        await until(lambda: not is_there(lab))
        job = await asyncio.to_thread(
            lambda: lab.programs.submit("test", GATE, "a.bin", BIG, slot=None, run=True, key="k")
        )
        assert job.state == "queued"
        async with agent(settings, board):
            ended = await state_of(lab, job, "succeeded", "failed")
    assert (ended.state, ended.code) in {("succeeded", ""), ("failed", "device_absent")}


async def test_a_cancelled_job_leaves_the_kit_usable(settings: Settings, board: Path) -> None:
    async with hub(settings) as lab, agent(settings, board):
        job = await send(lab, b"waits")
        await state_of(lab, job, "running")
        lab.programs.cancel("test", job.id)
        assert (await state_of(lab, job, "cancelled", "succeeded", "failed")).state == "cancelled"
        assert (await state_of(lab, await send(lab, BIG, "k2"), "succeeded", "failed")).state == "succeeded"
