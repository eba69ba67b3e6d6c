"""A simulated Uno behind a real agent and a real broker: plotted and programmed with nothing configured."""

import asyncio
import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from devices.agent import RoomAgent, agent_will
from devices.clock import MonotonicClock
from devices.discovery import Port, SystemPorts
from devices.transports.serial_listing import UsbPort
from tests.devices.agent.room import Hub, listening, transport
from tests.devices.waiting import until
from tests.peers.arduino import build_optiboot, compile_sketch
from tests.peers.simboard import SimBoard

pytestmark = [pytest.mark.peer, pytest.mark.slow]

SAMPLES = Path(__file__).parents[3] / "firmware_samples/arduino"


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> dict[str, Path]:
    built = {
        name: compile_sketch(SAMPLES / name / f"{name}.ino", tmp_path_factory.mktemp(name)).hex
        for name in ("sensor_log", "timing_gate")
    }
    return {**built, "optiboot": build_optiboot(tmp_path_factory.mktemp("optiboot"))}


class UsbPorts(SystemPorts):
    """One port with the USB identity of a real Uno."""

    def __init__(self, path: Path) -> None:
        super().__init__([], MonotonicClock(), usb=False)
        self._path = str(path)

    async def find(self) -> tuple[Port, ...]:
        usb = UsbPort(self._path, 0x2341, 0x0043, "55736303939351F0C1A2")
        return (Port(self._path, usb, identity="2341:0043 55736303939351F0C1A2"),)


@contextlib.asynccontextmanager
async def room(broker, folder: Path, port: Path) -> AsyncIterator[Hub]:
    bus = transport(broker, "agent-r1", will=agent_will("r1"))
    agent = RoomAgent("r1", bus, folder, UsbPorts(port), MonotonicClock())
    async with listening(broker) as hub:
        running = asyncio.create_task(agent.run())
        try:
            yield hub
        finally:
            await agent.stop()
            await running


def device(hub: Hub, kind: str) -> str:
    """The id of the only kit of its kind, once it is there."""
    found = [
        topic.split("/")[2]
        for topic, value in hub.topics.items()
        if topic.startswith(f"lab/5/{kind}-") and topic.endswith("/$state") and value == b"ready"
    ]
    return found[0] if found else ""


def streamed(told: list[list[dict[str, Any]]]) -> dict[str, list[int]]:
    """When each series was sampled."""
    times: dict[str, list[int]] = {}
    for batch in (batch for message in told for batch in message):
        times.setdefault(batch["key"], []).extend(batch["us"])
    return times


def order(hub: Hub, target: str, hex_file: Path) -> None:
    data = hex_file.read_bytes()
    head = {"job": "0123456789abcdef", "attempt": 1, "device": target, "name": hex_file.name, "slot": None}
    told: dict[str, Any] = {
        **head,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "run": True,
    }
    part = {"job": head["job"], "attempt": 1, "n": 0, "data": base64.b64encode(data).decode()}
    for key, value in (("order", told), ("part", part)):
        hub.bus.publish(f"lab/5/agent-r1/jobs/{key}/set", json.dumps(value).encode())


async def test_a_pupils_plotter_sketch_at_9600_baud_is_plotted_with_nothing_configured(
    broker, tmp_path, programs
):
    with SimBoard(bootloader=programs["optiboot"], sketch=programs["sensor_log"]) as board:
        async with room(broker, tmp_path, board.port) as hub:
            await until(lambda: device(hub, "uno"), 20)
            uno = device(hub, "uno")
            told = hub.events.setdefault(f"{uno}/telemetry/stream", [])
            await until(lambda: len(streamed(told).get("light", [])) >= 20, 20)
            assert set(streamed(told)) == {"light", "celsius", "button"}
            times = streamed(told)["light"]
            gaps = [later - earlier for earlier, later in pairwise(times)]
            assert sorted(gaps)[len(gaps) // 2] == pytest.approx(100_000, rel=0.1)
            assert hub.value(f"{uno}/console/baud") == "9600"
            assert "light:" in hub.events[f"{uno}/console/printed"][0]["text"]


async def test_a_sentence_typed_at_the_page_reaches_the_sketch(broker, tmp_path, programs):
    with SimBoard(bootloader=programs["optiboot"], sketch=programs["sensor_log"]) as board:
        async with room(broker, tmp_path, board.port) as hub:
            await until(lambda: hub.value(f"{device(hub, 'uno')}/console/baud") == "9600", 20)
            hub.bus.publish(f"lab/5/{device(hub, 'uno')}/console/send/set", b"250\n")
            printed = hub.events.setdefault(f"{device(hub, 'uno')}/console/printed", [])
            await until(lambda: "one line every 250 ms" in "".join(each["text"] for each in printed))
            printed.clear()
            hub.bus.publish(f"lab/5/{device(hub, 'uno')}/board/reset/set", b"true")
            await until(lambda: "sensor log: send" in "".join(each["text"] for each in printed))


async def test_a_timing_gate_takes_a_pupils_program_and_becomes_an_uno_again(broker, tmp_path, programs):
    with SimBoard(bootloader=programs["optiboot"], sketch=programs["timing_gate"]) as board:
        async with room(broker, tmp_path, board.port) as hub:
            await until(lambda: device(hub, "gate"), 20)
            order(hub, device(hub, "gate"), programs["sensor_log"])
            ends = hub.events.setdefault("agent-r1/jobs/event", [])
            await until(lambda: any(each["state"] in {"succeeded", "failed"} for each in ends), 30)
            assert [(each["state"], each["code"]) for each in ends if "code" in each][:1] == [
                ("succeeded", "")
            ]
            await until(lambda: device(hub, "uno"), 20)
            await until(lambda: hub.events.get(f"{device(hub, 'uno')}/telemetry/stream"), 20)
