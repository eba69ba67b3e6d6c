"""A kit that misbehaves is told of in words, and no other kit of the room notices."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from devices import session
from devices.agent.flood import FLOOD_ALERT
from devices.agent.lines import alert_id
from devices.discovery import Port, SystemPorts
from devices.kits.firmata.emulator import FirmataEmulator
from devices.kits.spike.emulator import SpikeEmulator
from devices.kits.timing_gate.emulator import GateEmulator
from devices.kits.vex_v5_user.emulator import V5UserEmulator
from devices.registry import iter_kits
from devices.transports.pty import PtyServer
from tests.devices.agent.crowd import Stranger, crowd, device_id, numbers
from tests.devices.waiting import until

pytestmark = [pytest.mark.peer, pytest.mark.slow]

TEXT = b"".join(b"line %d of a program that never waits\r\n" % number for number in range(200))[:8192]
PATIENCE_S = 60.0
GROWTH_BYTES = 64 * 1024 * 1024
ASKING = sorted(kit.id for kit in iter_kits() if not kit.id.startswith(("arduino_", "vex_v5_user")))
"""Kits that know who is there by its answer."""
HOLD = (
    "import serial, sys; p = serial.Serial(sys.argv[1], exclusive=True); print(flush=True); sys.stdin.read()"
)
HOLDER = Path(sys.executable).name


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sooner given up than in a real room."""
    for name, us in (("UNCLAIMED_US", 2_000_000), ("FIRST_US", 1_000_000), ("LISTEN_US", 500_000)):
        monkeypatch.setattr(session, name, us)


@pytest.fixture
async def board() -> AsyncIterator[GateEmulator]:
    emulator = GateEmulator(id="ba0d00")
    yield emulator
    emulator.vanish()


@contextlib.contextmanager
def plugged(peer: object, path: Path) -> Iterator[PtyServer]:
    server = PtyServer(peer, path)  # type: ignore[arg-type]
    server.plug()
    try:
        yield server
    finally:
        server.unplug()


def resident_bytes() -> int:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_a_kit_that_vanishes_is_told_and_comes_back_at_another_port_as_the_same(
    broker, tmp_path, monkeypatch
):
    paths = tmp_path / "usb0", tmp_path / "usb1"

    async def find(_self: SystemPorts) -> tuple[Port, ...]:
        """As a USB device with a number of its own is listed wherever it is."""
        moving = (Port(str(path), None, True, "firmata", "board 7") for path in paths if path.exists())
        return (*(await named(_self)), *moving)

    named = SystemPorts.find
    monkeypatch.setattr(SystemPorts, "find", find)
    device = f"firmata-{Port('', identity='board 7').id}"
    board = FirmataEmulator()
    async with crowd(broker, tmp_path) as room:
        server = board.serve(paths[0])
        await until(lambda: room.hub.value(f"{device}/$state") == "ready", PATIENCE_S)
        server.unplug()
        await until(lambda: room.hub.value(f"{device}/$state") == "lost", PATIENCE_S)
        assert room.hub.alert(device, "link") == "cable_pulled"
        server = board.serve(paths[1])
        await until(lambda: room.hub.value(f"{device}/$state") == "ready", PATIENCE_S)
        assert room.hub.alert(device, "link") is None
        told = json.loads(room.hub.value("agent-r1/agent/ports"))
        assert [port["port"] for port in told if port["device"] == device] in ([], [str(paths[1])])
        await until(lambda: f'"port": "{paths[1]}"' in room.hub.value("agent-r1/agent/ports"), PATIENCE_S)
        assert (room.port_alert(paths[0]), room.port_alert(paths[1])) == (None, None)
    server.unplug()


async def test_garbage_instead_of_an_answer_is_told_at_its_port_whatever_was_expected(
    broker, tmp_path, impatient
):
    with contextlib.ExitStack() as stack:
        paths = {kit: tmp_path / f"garbage-{kit}" for kit in ASKING}
        for number, path in enumerate(paths.values()):
            stack.enter_context(plugged(Stranger(answer=numbers(number, 300)), path))
        async with crowd(broker, tmp_path, *(f"{path}={kit}" for kit, path in paths.items())) as room:
            await until(
                lambda: (
                    {kit: room.port_alert(path) for kit, path in paths.items()}
                    == dict.fromkeys(ASKING, "no_answer")
                ),
                PATIENCE_S,
            )


async def test_a_kit_that_answers_late_is_known_all_the_same(broker, tmp_path):
    late = SpikeEmulator()
    late.late_us = 1_500_000
    with plugged(late, tmp_path / "late"):
        async with crowd(broker, tmp_path, f"{tmp_path / 'late'}=spike") as room:
            await until(lambda: room.hub.value("spike-6d21d5c9/$state") == "ready", PATIENCE_S)


@pytest.mark.parametrize("flood", [TEXT, numbers(1), b"1:2\n" * 2048], ids=["text", "noise", "numbers"])
async def test_a_megabyte_a_second_from_a_kit_is_told_and_stays_small(broker, tmp_path, flood):
    at = tmp_path / "flood"
    device = device_id(at, "v5", "-user")
    brain = V5UserEmulator(style="plain")
    stranger = Stranger(flood=flood)
    with plugged(stranger, at) as server:
        async with crowd(broker, tmp_path, f"{at}=vex_v5_user") as room:
            before = resident_bytes()
            await until(lambda: room.hub.alert(device, FLOOD_ALERT) == "device_floods", PATIENCE_S)
            await room.goes_on()
            assert resident_bytes() - before < GROWTH_BYTES
            server.unplug()
            await until(lambda: room.hub.alert(device, FLOOD_ALERT) is None, PATIENCE_S)
            with plugged(brain, at):
                await until(lambda: room.hub.value(f"{device}/$state") == "ready", PATIENCE_S)


@pytest.mark.parametrize("flood", [TEXT, numbers(2)], ids=["text", "noise"])
async def test_a_megabyte_a_second_from_nobody_is_told_at_its_port(broker, tmp_path, impatient, flood):
    at = tmp_path / "flood"
    with plugged(Stranger(flood=flood), at):
        async with crowd(broker, tmp_path, at) as room:
            before = resident_bytes()
            await until(lambda: room.port_alert(at) == "no_answer", PATIENCE_S)
            assert resident_bytes() - before < GROWTH_BYTES


async def test_a_gate_whose_line_is_noise_says_so(broker, tmp_path, board):
    board.serve(tmp_path / "noisy")
    async with crowd(broker, tmp_path, tmp_path / "noisy") as room:
        await until(lambda: room.hub.value(f"{board.device}/$state") == "ready", PATIENCE_S)
        for _ in range(50):
            board.print_line("$GATE,1,5f3a,1,B,12*00")
        await until(lambda: room.hub.alert(board.device, "noise") == "line_noise", PATIENCE_S)


async def test_of_two_kits_with_one_id_the_first_is_heard_until_it_goes(broker, tmp_path, board):
    twin = GateEmulator(id="ba0d00", boot=0x7A00)
    board.serve(tmp_path / "first")
    async with crowd(broker, tmp_path, tmp_path / "first", tmp_path / "second") as room:
        hub = room.hub
        await until(lambda: hub.value(f"{board.device}/$state") == "ready", PATIENCE_S)
        with plugged(twin, tmp_path / "second"):
            await until(lambda: room.port_alert(tmp_path / "second") == "device_twice", PATIENCE_S)
            await until(lambda: '"problem": "device_twice"' in hub.value("agent-r1/agent/ports"), PATIENCE_S)
            assert room.port_alert(tmp_path / "first") is None
            await twin.break_beam(1)
            await board.break_beam(2)
            await until(lambda: hub.passages, PATIENCE_S)
            assert {boot for _, boot, _ in hub.passages} == {board.boot}
            assert hub.value(f"{board.device}/$state") == "ready"
            board.vanish()
            await until(lambda: room.port_alert(tmp_path / "second") is None, PATIENCE_S)
            await until(lambda: hub.value(f"{board.device}/$state") == "ready", PATIENCE_S)
            await twin.break_beam(2)
            await until(lambda: twin.boot in {boot for _, boot, _ in hub.passages}, PATIENCE_S)
            assert hub.value(f"{board.device}/$state") == "ready"
            board.come_back()
            await until(lambda: room.port_alert(tmp_path / "first") == "device_twice", PATIENCE_S)


async def test_a_port_that_another_program_holds_is_told_with_its_name(broker, tmp_path, board):
    at = tmp_path / "held"
    board.serve(at)
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, str(at), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    await holder.stdout.readline()
    async with crowd(broker, tmp_path, at) as room:
        await until(lambda: room.port_alert(at) == "port_busy", PATIENCE_S)
        told = json.loads(room.hub.value(f"agent-r1/$alert/{alert_id(str(at))}"))
        assert told["params"] == {"port": str(at), "holder": HOLDER}
        holder.kill()
        await holder.wait()
        await until(lambda: room.hub.value(f"{board.device}/$state") == "ready", PATIENCE_S)
        await until(lambda: room.port_alert(at) is None, PATIENCE_S)


async def test_a_room_in_which_everything_is_wrong_at_once_goes_on(broker, tmp_path, impatient, board):
    late, twin = SpikeEmulator(), GateEmulator(id="ba0d00")
    late.late_us = 200_000
    strangers = {
        "garbage=nxt": Stranger(answer=numbers(3, 300)),
        "noise=ev3": Stranger(flood=numbers(4)),
        "mute=pybricks": Stranger(),
        "flood=vex_v5_user": Stranger(flood=TEXT),
        "late=spike": late,
        "first=timing_gate": board,
        "second=timing_gate": twin,
    }
    paths = {name.partition("=")[0]: tmp_path / name.partition("=")[0] for name in strangers}
    flooding = device_id(paths["flood"], "v5", "-user")
    before = resident_bytes()
    with contextlib.ExitStack() as stack:
        for path, peer in zip(paths.values(), strangers.values(), strict=True):
            stack.enter_context(plugged(peer, path))
        async with crowd(broker, tmp_path, *(f"{tmp_path}/{name}" for name in strangers)) as room:
            await until(
                lambda: (
                    [room.port_alert(paths[name]) for name in ("garbage", "noise", "mute")]
                    == ["no_answer"] * 3
                    and "device_twice" in {room.port_alert(paths["first"]), room.port_alert(paths["second"])}
                    and room.hub.alert(flooding, FLOOD_ALERT) == "device_floods"
                    and room.hub.value("spike-6d21d5c9/$state") == "ready"
                ),
                PATIENCE_S,
            )
            await room.goes_on()
            assert resident_bytes() - before < GROWTH_BYTES
