"""What an agent tells of its ports: who holds each, and what people said of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from devices.agent import lines
from devices.agent.holders import LOOK_US, Holders
from devices.clock import MonotonicClock
from devices.discovery import Port, SystemPorts
from devices.errors import TransportError
from devices.identities import Place, identify
from devices.kits.timing_gate import KIT
from devices.kits.timing_gate.emulator import GateEmulator
from devices.transports.memory import MemoryPipe
from devices.transports.serial_listing import UsbPort
from lab_controller.clock import ManualClock
from tests.devices.agent.room import Hub, agent_running, listening, ready
from tests.devices.waiting import until

GATE = "gate-a1b2c3"


def bridge(number: int) -> Port:
    """A CH340 in a socket of its own."""
    path = f"/dev/ttyUSB{number}"
    return Port(path, UsbPort(path, 0x1A86, 0x7523, location=f"1-{number}"), identity=f"1a86:7523 1-{number}")


class Desktop:
    """Ports of a computer on which other programs run, too; `board` answers at each that nobody holds."""

    def __init__(self, *found: Port, board: GateEmulator | None = None) -> None:
        self.found = found
        self.gone = False
        self.held: dict[str, str] = {}
        self.bauds: list[int] = []
        self.looks: list[list[str]] = []
        self.pipes: dict[str, Held] = {}
        self._board = board or GateEmulator()

    def recall(self, _places: Mapping[str, Place]) -> None:
        """Each of these knows its own identity."""

    async def find(self) -> tuple[Port, ...]:
        return self.found

    def pipe(self, port: Port, baud: int) -> MemoryPipe:
        self.bauds.append(baud)
        pipe = self.pipes[port.path] = Held(self, port.path, self._board)
        pipe.plugged = not self.gone
        return pipe

    async def holders(self, paths: Iterable[str]) -> dict[str, str]:
        self.looks.append(sorted(paths))
        return {path: name for path, name in self.held.items() if path in self.looks[-1]}


class Held(MemoryPipe):
    """Refused while another program has it."""

    def __init__(self, desktop: Desktop, path: str, board: GateEmulator) -> None:
        super().__init__(path, board, MonotonicClock())
        self._desktop = desktop

    async def open(self) -> None:
        if self.name in self._desktop.held:
            raise TransportError("port_busy", port=self.name)
        await super().open()


def ports_of(hub: Hub) -> dict[str, dict[str, Any]]:
    """What the agent tells last, by the ports' paths."""
    told = hub.value("agent-r1/agent/ports")
    return {port["port"]: port for port in json.loads(told)} if told else {}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "FIND_S", 0.02)


async def test_who_holds_a_port_is_looked_up_every_few_seconds_and_at_once_for_a_new_one():
    desktop, clock = Desktop(), ManualClock(1_000_000_000)
    holders = Holders(desktop, clock)
    desktop.held = {"/dev/a": "cura"}
    for _ in range(3):
        assert await holders.look({"/dev/a"}) == {"/dev/a": "cura"}
    assert await holders.look(set()) == {"/dev/a": "cura"}
    await holders.look({"/dev/a", "/dev/b"})
    await holders.look({"/dev/b"})
    assert desktop.looks == [["/dev/a"], ["/dev/a", "/dev/b"]]
    clock.advance(us=LOOK_US)
    desktop.held = {}
    assert await holders.look({"/dev/b"}) == {}
    assert desktop.looks[2:] == [["/dev/b"]]


@pytest.mark.peer
async def test_whoever_holds_a_port_is_told_also_where_the_lab_has_not_asked(broker, tmp_path):
    desktop = Desktop(bridge(1), bridge(2), Port("/dev/ttyS9"))
    desktop.held = {"/dev/ttyUSB1": "cura", "/dev/ttyS9": "minicom"}
    async with listening(broker) as hub, agent_running(broker, tmp_path, ports=desktop, kits=[KIT]):
        await until(lambda: ports_of(hub))
        told = {path: (port["problem"], port["holder"]) for path, port in ports_of(hub).items()}
        assert told == {
            "/dev/ttyUSB1": ("port_not_named", "cura"),
            "/dev/ttyUSB2": ("port_not_named", None),
            "/dev/ttyS9": (None, "minicom"),
        }


@pytest.mark.peer
async def test_a_port_with_a_kit_is_not_looked_up(broker, tmp_path):
    desktop = Desktop(Port("/dev/gate", configured=True))
    async with listening(broker) as hub, agent_running(broker, tmp_path, ports=desktop, kits=[KIT]):
        await ready(hub, GATE)
        await until(lambda: ports_of(hub)["/dev/gate"]["device"] == GATE)
        before = len(desktop.looks)
        desktop.found = (*desktop.found, bridge(1))
        await until(lambda: len(desktop.looks) > before)
        assert desktop.looks[-1] == ["/dev/ttyUSB1"]


def why_lost(hub: Hub) -> tuple[str, dict[str, str]]:
    """What the gate's link alert says."""
    told = json.loads(hub.value(f"{GATE}/$alert/link") or '{"code": "", "params": {}}')
    return told["code"], told["params"]


@pytest.mark.peer
async def test_a_kit_whose_port_another_program_takes_says_so_also_after_a_restart(broker, tmp_path):
    desktop = Desktop(Port("/dev/gate", configured=True))
    busy = ("port_busy", {"port": "/dev/gate", "holder": "arduino-ide"})
    async with listening(broker) as hub:
        async with agent_running(broker, tmp_path, ports=desktop, kits=[KIT]):
            await ready(hub, GATE)
            desktop.held = {"/dev/gate": "arduino-ide"}
            desktop.pipes["/dev/gate"].unplug()
            await until(lambda: why_lost(hub) == busy)
            assert hub.value(f"{GATE}/$state") == "lost"
        async with agent_running(broker, tmp_path, ports=desktop, kits=[KIT]):
            await until(lambda: hub.value(f"{GATE}/$state") == "lost" and why_lost(hub) == busy)
            desktop.held = {}
            await ready(hub, GATE)
            assert why_lost(hub) == ("", {})


@pytest.mark.peer
async def test_a_kit_that_is_not_plugged_in_when_the_agent_starts_says_so(broker, tmp_path):
    desktop = Desktop(Port("/dev/gate", configured=True))
    async with listening(broker) as hub:
        async with agent_running(broker, tmp_path, ports=desktop, kits=[KIT]):
            await ready(hub, GATE)
        desktop.gone = True
        async with agent_running(broker, tmp_path, ports=desktop, kits=[KIT]):
            await until(lambda: why_lost(hub) == ("port_missing", {"port": "/dev/gate"}))
            await until(lambda: ports_of(hub)["/dev/gate"]["problem"] == "port_missing")


def say(hub: Hub, **told: str) -> None:
    hub.bus.publish("lab/5/agent-r1/agent/use/set", json.dumps(told).encode())


@pytest.mark.peer
async def test_a_port_is_asked_as_the_kit_that_a_person_named_also_after_a_restart(broker, tmp_path):
    desktop = Desktop(bridge(1))
    kits = [replace(KIT, id="other_kit", baud=9600), KIT]
    port = bridge(1).id
    async with listening(broker) as hub:
        async with agent_running(broker, tmp_path, ports=desktop, kits=kits):
            await until(lambda: ports_of(hub).get("/dev/ttyUSB1", {}).get("problem") == "port_not_named")
            say(hub, port=port, use="kit", kit=KIT.id)
            await until(lambda: ports_of(hub)["/dev/ttyUSB1"]["kit"] == KIT.id)
        assert desktop.bauds == [KIT.baud]
        async with agent_running(broker, tmp_path, ports=desktop, kits=kits):
            await until(lambda: hub.value("agent-r1/$state") == "ready" and len(desktop.bauds) == 2)
            say(hub, port=port, use="")
            await until(lambda: ports_of(hub)["/dev/ttyUSB1"]["problem"] == "port_not_named")
        assert desktop.bauds == [KIT.baud] * 2


@pytest.mark.peer
@pytest.mark.parametrize(
    "more", [{"use": "kit", "kit": "toaster"}, {"use": "other", "kit": KIT.id}, {"use": "?"}]
)
async def test_a_kit_that_nobody_knows_is_not_noted(broker, tmp_path, more):
    desktop = Desktop(bridge(1))
    async with listening(broker) as hub, agent_running(broker, tmp_path, ports=desktop, kits=[KIT]):
        await until(lambda: ports_of(hub).get("/dev/ttyUSB1"))
        say(hub, port=bridge(1).id, **more)
        say(hub, port=bridge(1).id, use="kit")
        await ready(hub, GATE)


@pytest.mark.peer
async def test_a_known_kits_port_is_left_to_another_program_and_taken_back(broker, tmp_path):
    desktop = Desktop(Port("/dev/gate", configured=True, kit=KIT.id))
    port = desktop.found[0].id
    alone = ("port_left_alone", {"port": "/dev/gate"})
    async with listening(broker) as hub:
        async with agent_running(broker, tmp_path, ports=desktop, kits=[KIT]):
            await ready(hub, GATE)
            say(hub, port=port, use="other")
            await until(lambda: why_lost(hub) == alone and hub.value(f"{GATE}/$state") == "lost")
            desktop.held = {"/dev/gate": "arduino-ide"}
            desktop.found = (*desktop.found, bridge(1))
            await until(lambda: ports_of(hub)["/dev/gate"]["holder"] == "arduino-ide")
            told = ports_of(hub)["/dev/gate"]
            assert (told["use"], told["device"], told["problem"]) == ("other", None, None)
        opened = len(desktop.bauds)
        async with agent_running(broker, tmp_path, ports=desktop, kits=[KIT]):
            await until(lambda: hub.value("agent-r1/$state") == "ready" and why_lost(hub) == alone)
            assert len(desktop.bauds) == opened
            desktop.held = {}
            say(hub, port=port, use="")
            await until(lambda: hub.value(f"{GATE}/$state") == "ready" and why_lost(hub) == ("", {}))


class Clones(SystemPorts):
    """Boards with one serial number, each in a socket of its own; `own` has another number at some."""

    def __init__(self, boards: dict[int, GateEmulator], own: dict[int, str] | None = None) -> None:
        super().__init__([], MonotonicClock(), usb=False)
        self.opened: list[str] = []
        serials = {**dict.fromkeys(boards, "55731323"), **(own or {})}
        self._boards = {
            UsbPort(f"/dev/ttyACM{number}", 0x2341, 0x0043, serials[number], f"1-{number}:1.0"): board
            for number, board in boards.items()
        }
        self.plug(*boards)

    def plug(self, *numbers: int) -> None:
        """Only these."""
        self._found = tuple(usb for usb in self._boards if int(usb.path[-1]) in numbers)

    def pipe(self, port: Port, baud: int) -> MemoryPipe:
        self.opened.append(port.path)
        board = next(board for usb, board in self._boards.items() if usb.path == port.path)
        return MemoryPipe(port.path, board, MonotonicClock(), baud=baud)


@pytest.mark.peer
async def test_a_kit_is_not_disturbed_by_a_clone_that_comes_and_goes_also_after_a_restart(broker, tmp_path):
    first, second = GateEmulator(), GateEmulator(id="d4e5f6")
    clones = Clones({2: first, 1: second})
    clones.plug(2)
    async with listening(broker) as hub:
        async with agent_running(broker, tmp_path, ports=clones, kits=[KIT]):
            await ready(hub, GATE)
            await until(lambda: "/dev/ttyACM2" in ports_of(hub))
            identity = ports_of(hub)["/dev/ttyACM2"]["id"]
            clones.plug(1, 2)
            await ready(hub, "gate-d4e5f6")
            clones.plug(2)
            await until(lambda: hub.value("gate-d4e5f6/$state") == "lost")
            assert clones.opened == ["/dev/ttyACM2", "/dev/ttyACM1"]
        clones = Clones({1: second, 2: first})
        async with agent_running(broker, tmp_path, ports=clones, kits=[KIT]):
            await until(lambda: ports_of(hub).get("/dev/ttyACM1", {}).get("device") == "gate-d4e5f6")
            assert ports_of(hub)["/dev/ttyACM2"]["id"] == identity


@pytest.mark.peer
async def test_a_board_at_a_clones_socket_has_an_id_of_its_own_also_after_a_restart(broker, tmp_path):
    first, second, another = GateEmulator(), GateEmulator(id="d4e5f6"), GateEmulator(id="aabbcc")
    async with listening(broker) as hub:
        clones = Clones({1: first, 2: second})
        async with agent_running(broker, tmp_path, ports=clones, kits=[KIT]):
            await until(lambda: ports_of(hub).get("/dev/ttyACM2", {}).get("device") == "gate-d4e5f6")
            identity = ports_of(hub)["/dev/ttyACM2"]["id"]
        clones = Clones({1: first, 2: another}, own={2: "UNIQUE"})
        async with agent_running(broker, tmp_path, ports=clones, kits=[KIT]):
            await until(lambda: ports_of(hub).get("/dev/ttyACM2", {}).get("device") == "gate-aabbcc")
            assert ports_of(hub)["/dev/ttyACM2"]["id"] == identify("2341:0043 UNIQUE")
        clones = Clones({2: second})
        async with agent_running(broker, tmp_path, ports=clones, kits=[KIT]):
            await until(lambda: ports_of(hub).get("/dev/ttyACM2", {}).get("device") == "gate-d4e5f6")
            assert ports_of(hub)["/dev/ttyACM2"]["id"] == identity == identify("2341:0043 1-2")
