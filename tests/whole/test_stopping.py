"""Ctrl+C, and what systemd sends: everything is closed in good order, and everybody is told."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from devices.agent import agent_id
from devices.transports.mqtt import MqttTransport
from lab_controller.bus.topics import ROOT
from tests.devices.waiting import until
from tests.peers.mosquitto import run_mosquitto
from tests.whole.drill import Hub, WitnessedGate
from tests.whole.stage import ACCOUNTS, HUB, ROOM

pytestmark = [pytest.mark.peer, pytest.mark.slow]

START_S = END_S = 20.0


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def end(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


async def test_a_lab_with_a_gate_is_closed(tmp_path: Path, end: int) -> None:
    gate = WitnessedGate(id="bea200")
    server = gate.serve(tmp_path / "gate")
    hub = Hub(tmp_path, server.path)
    try:
        await hub.start()
        await gate.pass_robot(1, 50_000)
        await until(lambda: gate.acknowledged, START_S)
        async with asyncio.timeout(END_S):
            assert await hub.stop(end) == 0
    finally:
        await hub.stop()
        server.unplug()
    assert hub.log.read_text() == "The lab is closed.\n"
    assert not is_any_open(tmp_path)


async def test_a_room_says_goodbye_for_its_kits(tmp_path: Path, end: int) -> None:
    agent, states = agent_id(ROOM), dict[str, str]()
    gate = WitnessedGate(id="bea200")
    server = gate.serve(tmp_path / "gate")
    with run_mosquitto(ACCOUNTS) as broker:
        listener = MqttTransport(
            client_id=HUB, host="127.0.0.1", port=broker.port, username=HUB, password=HUB
        )
        await listener.subscribe([f"{ROOT}/+/$state"])
        await listener.start()
        listening = asyncio.create_task(listen(listener, states))
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("lab"), "agent",
            env=os.environ | {
                "LAB_DATA_DIR": str(tmp_path),
                "LAB_MQTT_URL": f"mqtt://{agent}:{agent}@127.0.0.1:{broker.port}",
                "LAB_ROOM": ROOM,
                "LAB_SERIAL_PORTS": server.path,
                "LAB_SERIAL_USB": "false",
            },
        )  # fmt: skip
        try:
            await until(lambda: states == {agent: "ready", "gate-bea200": "ready"}, START_S)
            process.send_signal(end)
            async with asyncio.timeout(END_S):
                assert await process.wait() == 0
            await until(lambda: states == {agent: "disconnected", "gate-bea200": "disconnected"})
        finally:
            if process.returncode is None:
                process.kill()
            listening.cancel()
            await listener.stop()
            server.unplug()


def is_any_open(folder: Path) -> bool:
    """SQLite takes the write-ahead log of a file away when the last connection to it is closed."""
    return any(folder.glob("*.sqlite3-wal"))


async def listen(listener: MqttTransport, states: dict[str, str]) -> None:
    async for message in listener.messages():
        states[message.topic.split("/")[2]] = message.payload.decode()
        message.ack()
