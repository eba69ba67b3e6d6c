"""A room's devices on the bus: nothing is lost, every fault is told, and nobody takes another down."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from devices.agent.lines import alert_id
from devices.driver import Output
from devices.kits.timing_gate import KIT
from devices.kits.timing_gate.driver import GateDriver
from devices.kits.timing_gate.emulator import GateEmulator
from devices.timing import FitSnapshot
from devices.transports.byte_pipe import Chunk
from lab_controller.bus.topics import is_id
from tests.devices.agent.room import agent_running, listening, ready
from tests.devices.waiting import until

pytestmark = pytest.mark.peer

GATE = "gate-a1b2c3"


async def agent_process(broker, *arguments: Path) -> asyncio.subprocess.Process:
    """An agent that can be killed: its folder, then its ports."""
    script = Path(__file__).with_name("agent_process.py")
    command = (sys.executable, str(script), str(broker.port), *map(str, arguments))
    folder = Path(__file__).parents[3]
    return await asyncio.create_subprocess_exec(*command, cwd=folder, env={"PYTHONPATH": str(folder)})


@pytest.fixture
async def board(link):
    emulator = GateEmulator()
    server = emulator.serve(link)
    yield emulator
    server.unplug()


async def test_a_gate_is_presented_with_its_description_and_its_agent(broker, tmp_path, link, board):
    async with listening(broker) as hub, agent_running(broker, tmp_path, link):
        await ready(hub, GATE)
        description = json.loads(hub.value(f"{GATE}/$description"))
        assert (description["homie"], description["type"], description["root"]) == ("5.0", "gate", "agent-r1")
        assert description["nodes"]["gate"]["properties"]["passage"]["retained"] is False
        assert description["nodes"]["gate"]["properties"]["arm"]["settable"] is True
        fit = FitSnapshot.from_json(hub.value(f"{GATE}/clock/fit"))
        assert fit.boot == board.boot
        await until(lambda: '"device": "gate-a1b2c3"' in hub.value("agent-r1/agent/ports"))
        assert hub.value("agent-r1/$state") == "ready"
    assert hub.value(f"{GATE}/$state") == "disconnected"


async def test_a_passage_leaves_the_disk_when_the_hub_has_committed_it(broker, tmp_path, link, board):
    async with listening(broker) as hub, agent_running(broker, tmp_path, link) as agent:
        await ready(hub, GATE)
        hub.committing = False
        await board.break_beam(1)
        await until(lambda: hub.passages and board.unacknowledged == ())
        assert agent.waiting == 1
        hub.commit(GATE, board.boot, [1])
        await until(lambda: agent.waiting == 0)


async def test_passages_made_without_a_broker_come_when_it_is_back(broker, tmp_path, link, board):
    async with listening(broker) as hub, agent_running(broker, tmp_path, link) as agent:
        await ready(hub, GATE)
        broker.kill()
        await until(lambda: not hub.bus.connected.is_set())
        for lane in (1, 2):
            await board.break_beam(lane)
        await until(lambda: agent.waiting == 2 and board.unacknowledged == ())
        broker.start()
        await until(lambda: {seq for _, _, seq in hub.passages} == {1, 2} and agent.waiting == 0)


async def test_a_broker_took_it_and_the_hub_did_not_so_it_comes_again(broker, tmp_path, link, board):
    async with listening(broker) as hub, agent_running(broker, tmp_path, link) as agent:
        await ready(hub, GATE)
        hub.committing = False
        await board.break_beam(1)
        await until(lambda: len(hub.passages) == 1)
        broker.kill()
        await until(lambda: not hub.bus.connected.is_set())
        hub.committing = True
        broker.start()
        await until(lambda: agent.waiting == 0)
        assert set(hub.passages) == {(GATE, board.boot, 1)}


async def test_an_agent_that_starts_again_tells_what_it_had_kept(broker, tmp_path, link, board):
    async with listening(broker) as hub:
        hub.committing = False
        async with agent_running(broker, tmp_path, link):
            await ready(hub, GATE)
            await board.break_beam(1)
            await until(lambda: board.unacknowledged == ())
        hub.passages.clear()
        hub.committing = True
        board.vanish()
        async with agent_running(broker, tmp_path, link) as agent:
            await until(lambda: hub.passages and agent.waiting == 0)
            await until(lambda: hub.value(f"{GATE}/$state") == "lost")
        assert [seq for _, _, seq in hub.passages] == [1]


@pytest.mark.slow
async def test_an_agent_killed_at_any_moment_loses_no_passage(broker, tmp_path, link):
    board = GateEmulator(resets_on_open=False)
    server = board.serve(link)
    async with listening(broker) as hub:
        for life in range(6):
            agent = await agent_process(broker, tmp_path, link)
            await until(lambda: server.is_open)
            for _ in range(1 + 3 * life):
                before = board._seq
                await (board.clear_beam(1) if before % 2 else board.break_beam(1))
                await until(lambda before=before: board._seq > before)
            agent.kill()
            await agent.wait()
            await until(lambda: not server.is_open)
        made = {(GATE, board.boot, seq) for seq in range(1, board._seq + 1)}
        agent = await agent_process(broker, tmp_path, link)
        await until(lambda: set(hub.passages) == made and board.unacknowledged == ())
        agent.kill()
        await agent.wait()
    server.unplug()


async def test_a_pulled_cable_is_told_and_the_gate_comes_back(broker, tmp_path, link, board):
    async with listening(broker) as hub, agent_running(broker, tmp_path, link):
        await ready(hub, GATE)
        board.vanish()
        await until(lambda: hub.value(f"{GATE}/$state") == "lost")
        assert hub.alert(GATE, "link") == "cable_pulled"
        board.come_back()
        await until(lambda: hub.value(f"{GATE}/$state") == "ready")
        await until(lambda: hub.alert(GATE, "link") is None)
        await until(lambda: hub.alert(GATE, "reset") == "board_reset")


async def test_one_silent_port_does_not_hold_up_the_other(broker, tmp_path, link, board):
    mute = GateEmulator(id="ffffff")
    mute.mute = True
    server = mute.serve(tmp_path / "gate1")
    async with listening(broker) as hub, agent_running(broker, tmp_path, tmp_path / "gate1", link):
        await ready(hub, GATE)
        await board.break_beam(1)
        await until(lambda: hub.passages)
        mute.mute = False
        await ready(hub, "gate-ffffff")
    server.unplug()


async def test_a_driver_that_fails_takes_nobody_down_and_is_begun_anew(broker, tmp_path, link, board):
    class Failing(GateDriver):
        def received(self, chunk: Chunk) -> list[Output]:
            if b"FAIL" in chunk.data:
                raise ZeroDivisionError
            return super().received(chunk)

    other = GateEmulator(id="ffffff")
    server = other.serve(tmp_path / "gate1")
    kits = [replace(KIT, driver=Failing)]
    async with (
        listening(broker) as hub,
        agent_running(broker, tmp_path, tmp_path / "gate1", link, kits=kits),
    ):
        await ready(hub, GATE)
        await ready(hub, "gate-ffffff")
        other.print_line("FAIL")
        await until(lambda: ("gate-ffffff", "link", "driver_failed") in hub.alerts)
        await board.break_beam(1)
        await until(lambda: hub.passages)
        await until(lambda: hub.value("gate-ffffff/$state") == "ready")
    server.unplug()


async def test_a_command_that_breaks_its_driver_ends_nothing_else(broker, tmp_path, link, board):
    class Failing(GateDriver):
        def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
            raise ZeroDivisionError

    kits = [replace(KIT, driver=Failing)]
    async with listening(broker) as hub, agent_running(broker, tmp_path, link, kits=kits):
        await ready(hub, GATE)
        hub.set(GATE, "arm", [])
        await until(lambda: "driver_failed" in hub.value(f"{GATE}/$log/warn"))
        await board.break_beam(1)
        await until(lambda: hub.passages)


async def test_an_arming_is_echoed_by_the_board(broker, tmp_path, link, board):
    async with listening(broker) as hub, agent_running(broker, tmp_path, link):
        await ready(hub, GATE)
        await board.break_beam(2)
        hub.set(GATE, "arm", {"armed": True, "token": "0a1b2c3d"})
        await until(lambda: f"{GATE}/gate/arm" in hub.events)
        (arm,) = hub.events[f"{GATE}/gate/arm"]
        assert (arm["token"], arm["boot"], arm["seq"]) == ("0a1b2c3d", board.boot, 1)
        hub.set(GATE, "self-test", {"token": "t"})
        await until(lambda: f"{GATE}/gate/self-test" in hub.events)
        assert hub.events[f"{GATE}/gate/self-test"][0]["blocked"] == [2]


@pytest.mark.parametrize(
    "payload", [b"\xff\xfe", b"[" * 60_000, b"x" * 60_000, b"{}", b'{"boot":1,"seqs":[-1]}']
)
async def test_a_senseless_command_is_answered_in_the_log_and_harms_nobody(
    broker, tmp_path, link, board, payload
):
    async with listening(broker) as hub, agent_running(broker, tmp_path, link):
        await ready(hub, GATE)
        for key in ("arm", "committed", "self-test"):
            hub.bus.publish(f"lab/5/{GATE}/gate/{key}/set", payload)
        await until(lambda: "bad_command" in hub.value(f"{GATE}/$log/warn"))
        await board.break_beam(1)
        await until(lambda: hub.passages)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/dev/ttyACM0", "port-dev-ttyacm0"),
        ("COM3", "port-com3"),
        ("/dev/serial/by-id/usb-A__0043-if00", "port-dev-serial-by-id-usb-a-0043-if00"),
        ("/dev/порт", "port-dev"),
        ("/tmp/" + "lab_" * 30 + "1", "port-b49cccdc"),
    ],
)
def test_any_port_has_a_name_that_the_bus_takes(path, name):
    assert is_id(alert_id(path))
    assert alert_id(path) == name


async def test_a_pupils_numbers_are_telemetry_in_batches(broker, tmp_path, link, board):
    async with listening(broker) as hub, agent_running(broker, tmp_path, link):
        await ready(hub, GATE)
        for number in range(50):
            board.print_line(f"temp:{number}.5")
        stream = f"{GATE}/telemetry/stream"
        await until(lambda: sum(len(told[0]["values"]) for told in hub.events.get(stream, [])) == 50)
        assert len(hub.events[stream]) < 10
        await until(lambda: hub.value(f"{GATE}/telemetry/temp") == "49.5")
        description = json.loads(hub.value(f"{GATE}/$description"))
        assert description["nodes"]["telemetry"]["properties"]["temp"]["datatype"] == "float"


async def test_an_agent_that_is_killed_is_told_by_the_broker(broker, tmp_path, link, board):
    async with listening(broker) as hub:
        agent = await agent_process(broker, tmp_path, link)
        await ready(hub, GATE)
        agent.kill()
        await agent.wait()
        await until(lambda: hub.value("agent-r1/$state") == "lost")
