"""A SPIKE hub on a real pseudo-terminal, in a room: its program runs in a real MicroPython."""

import asyncio
import base64
import hashlib
import json

import pytest

from devices.clock import MonotonicClock
from devices.driver import Host, Output, Printed, Told
from devices.errors import DeviceError
from devices.kits.spike import KIT
from devices.kits.spike.emulator import SpikeEmulator
from devices.kits.spike.hub import Hub
from devices.kits.spike.source import Source
from devices.kits.spike.upload import upload
from devices.session import Session
from devices.transports.serial_port import SerialPort
from tests.devices.agent.room import agent_running, listening
from tests.devices.waiting import until
from tests.peers.spike_runner import MicroPythonRunner

pytestmark = pytest.mark.peer

DEVICE = "spike-6d21d5c9"
HOST = Host("room", "0badcafe")
COUNT = "for n in range(3):\n    print('саны:', n)\n"


class Room:
    """A session on a port, and everything that came of it."""

    def __init__(self, path: str) -> None:
        self.outputs: list[Output] = []
        self.links: list[bool] = []
        clock = MonotonicClock()
        self.session = Session(
            SerialPort(path, KIT.baud, clock),
            [KIT.driver(HOST)],
            clock,
            on_output=lambda _, output: self.outputs.append(output),
            on_link=lambda session: self.links.append(session.linked),
        )

    async def upload(self, text: str, slot: int = 0) -> None:
        source = Source(text.encode(), slot, run=True)
        await self.session.converse(lambda heard: upload(source, heard, HOST), lambda _: None, reopens=False)

    def printed(self) -> str:
        return "".join(output.text for output in self.outputs if isinstance(output, Printed))

    def running(self) -> list[str]:
        told = [output for output in self.outputs if isinstance(output, Told)]
        return [one.value for one in told if (one.node, one.key) == ("program", "running")]


@pytest.fixture
async def board(link):
    runner = MicroPythonRunner()
    emulator = SpikeEmulator(hub=Hub(runner=runner))
    server = emulator.serve(link)
    yield emulator
    server.unplug()
    await runner.close()


@pytest.fixture
async def room(link, board):
    room = Room(str(link))
    running = asyncio.create_task(room.session.run())
    await until(lambda: room.session.linked)
    yield room
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_micropython_runs_what_was_uploaded_and_its_words_come_back(room):
    await room.upload(COUNT)
    await until(lambda: room.running() == ["true", "false"])
    assert room.printed() == "саны: 0\nсаны: 1\nсаны: 2\n"
    assert room.links == [True]


async def test_a_program_with_a_mistake_says_in_which_line(room):
    await room.upload("x = 1\nprint(y)\n")
    await until(lambda: room.running() == ["true", "false"])
    assert "line 2" in room.printed()
    assert room.printed().endswith("NameError: name 'y' isn't defined\n")


async def test_a_program_that_never_ends_is_stopped_and_another_takes_its_place(room):
    await room.upload("while True:\n    print('on and on')\n")
    await until(lambda: "on and on" in room.printed())
    room.session.command("program", "stop", "true")
    await until(lambda: room.running() == ["true", "false"])
    await room.upload(COUNT, slot=5)
    await until(lambda: "саны: 2" in room.printed())


async def test_a_cable_that_is_pulled_in_the_middle_is_told_and_the_next_upload_is_whole(room, board):
    board.late_us = 20_000
    uploading = asyncio.create_task(room.upload("# long\n" * 3000))
    await until(lambda: board.hub._transfer is not None and len(board.hub._transfer.text) > 2000)
    board.vanish()
    with pytest.raises(DeviceError) as failed:
        await uploading
    assert failed.value.code == "cable_pulled"
    board.late_us = 0
    board.come_back()
    await until(lambda: room.session.linked)
    await room.upload(COUNT)
    assert board.hub.slots == {0: COUNT.encode()}


async def test_an_order_of_the_hub_is_carried_out_and_the_room_hears_of_it(broker, tmp_path, link, board):
    async with (
        listening(broker) as hub,
        agent_running(broker, tmp_path, f"{link}=spike", kits=[KIT]),
    ):
        await until(lambda: hub.value(f"{DEVICE}/$state") == "ready")
        data = COUNT.encode()
        head = {"job": "j1", "attempt": 1, "device": DEVICE, "name": "count.py", "size": len(data), "slot": 4}
        order = {**head, "sha256": hashlib.sha256(data).hexdigest(), "run": True}
        part = {"job": "j1", "attempt": 1, "n": 0, "data": base64.b64encode(data).decode()}
        for key, told in (("order", order), ("part", part)):
            hub.bus.publish(f"lab/5/agent-r1/jobs/{key}/set", json.dumps(told).encode())
        events = hub.events.setdefault("agent-r1/jobs/event", [])
        await until(lambda: any(event["state"] == "succeeded" for event in events))
        printed = hub.events.setdefault(f"{DEVICE}/console/printed", [])
        await until(lambda: "саны: 2" in "".join(each["text"] for each in printed))
        for key in ("motor-a-angle", "distance-d", "imu-yaw"):
            await until(lambda key=key: hub.value(f"{DEVICE}/telemetry/{key}"))
        for key, value in (("battery/percent", "87"), ("program/slot", "4")):
            await until(lambda key=key, value=value: hub.value(f"{DEVICE}/{key}") == value)
        await until(lambda: hub.value(f"{DEVICE}/ports/a"))
        assert json.loads(hub.value(f"{DEVICE}/ports/a")) == {"device": "medium-motor"}
