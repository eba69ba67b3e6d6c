"""The real avrdude against our emulator; our upload against the real boot loaders on a simulated chip."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.clock import MonotonicClock
from devices.driver import Host, Output, Remember
from devices.errors import DeviceError
from devices.kits.arduino_uno.driver import ASKED_BAUD, ArduinoDriver
from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.kits.arduino_uno.upload import UPLOADS
from devices.protocols.intel_hex import parse_intel_hex
from devices.session import Session
from devices.talk import Progress
from devices.transports.serial_port import SerialPort
from devices.uploads import Program
from tests.devices.waiting import until
from tests.peers import avrdude
from tests.peers.arduino import Sketch, build_optiboot, compile_sketch, require_old_boot_loader
from tests.peers.simboard import SimBoard

pytestmark = [pytest.mark.peer, pytest.mark.slow]

SAMPLES = Path(__file__).parents[3] / "firmware_samples/arduino"
PAGES = 34
NANO_FLASH = 30_720
STACK_BYTES = 300


@pytest.fixture(scope="module")
def sensor_log(tmp_path_factory) -> Sketch:
    return compile_sketch(SAMPLES / "sensor_log/sensor_log.ino", tmp_path_factory.mktemp("sensor_log"))


@pytest.fixture(scope="module")
def boot_loaders(tmp_path_factory) -> dict[int, Path]:
    return {115200: build_optiboot(tmp_path_factory.mktemp("optiboot")), 57600: require_old_boot_loader()}


@pytest.fixture(params=[115200, 57600], ids=["optiboot", "ATmegaBOOT"])
def uno(request, boot_loaders) -> Iterator[tuple[SimBoard, int]]:
    with SimBoard(bootloader=boot_loaders[request.param]) as board:
        yield board, request.param


@dataclass
class Line:
    """A session on a port, and what its uploads told and left."""

    session: Session
    host: Host
    notes: dict[str, str]
    told: list[Progress]

    async def upload(self, hex_file: Path) -> None:
        data = await asyncio.to_thread(hex_file.read_bytes)
        prepared = UPLOADS.prepare(Program(hex_file.name, data))
        assert UPLOADS.talk is not None
        talk = UPLOADS.talk
        await until(lambda: self.session.linked, 15)
        try:
            await self.session.converse(lambda heard: talk(prepared, heard, self.host), self.told.append)
        finally:
            await until(lambda: not self.session.linked)


@contextlib.asynccontextmanager
async def plugged(port: Path) -> AsyncIterator[Line]:
    clock, notes = MonotonicClock(), dict[str, str]()
    host = Host("room", "0badcafe", notes, str(port))

    def on_output(_session: Session, output: Output) -> None:
        if isinstance(output, Remember):
            notes[output.key] = output.value

    pipe = SerialPort(str(port), ASKED_BAUD, clock)
    session = Session(
        pipe,
        [ArduinoDriver(host)],
        clock,
        on_output=on_output,
        on_link=lambda _: None,
        bauds=[(ASKED_BAUD,)],
    )
    running = asyncio.create_task(session.run())
    try:
        yield Line(session, host, notes, [])
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def holds(flash: bytes | bytearray, hex_file: Path) -> bool:
    """Whether every byte of the file is where it belongs."""
    return all(flash[place] == byte for place, byte in parse_intel_hex(hex_file.read_bytes()).cells.items())


@pytest.mark.parametrize("name", ["line_follower", "sensor_log"])
@pytest.mark.parametrize("board", ["uno", "nano"])
def test_the_samples_compile_without_a_warning_and_leave_room_for_the_stack(name, board, tmp_path):
    built = compile_sketch(SAMPLES / name / f"{name}.ino", tmp_path, board)
    assert built.warnings == ()
    assert built.flash_bytes < NANO_FLASH / 3
    assert built.ram_bytes <= 2048 - STACK_BYTES


@pytest.mark.parametrize("baud", [115200, 57600])
async def test_avrdude_uploads_to_the_emulator(baud, link, sensor_log):
    board = UnoEmulator(old_bootloader=baud == 57600)
    server = board.serve(link)
    try:
        done = await asyncio.to_thread(avrdude.upload, sensor_log.hex, link, baud=baud)
    finally:
        server.unplug()
    assert done.verified, done.said
    assert holds(board.flash.cells, sensor_log.hex)


async def test_an_upload_to_the_simulated_chip_leaves_the_bytes_of_the_file(uno, sensor_log):
    board, baud = uno
    async with plugged(board.port) as line:
        await line.upload(sensor_log.hex)
    assert line.notes["upload_baud"] == str(baud)
    assert holds(board.flash(0), sensor_log.hex)


async def test_a_boot_loader_that_blinks_before_it_listens_is_waited_for(sensor_log, tmp_path):
    with SimBoard(bootloader=build_optiboot(tmp_path, blinks=3), sketch=sensor_log.hex) as board:
        async with plugged(board.port) as line:
            await line.upload(sensor_log.hex)
        assert holds(board.flash(0), sensor_log.hex)


async def test_a_remembered_boot_loader_is_spoken_to_at_once(boot_loaders, sensor_log):
    with SimBoard(bootloader=boot_loaders[57600]) as board:
        async with plugged(board.port) as line:
            await line.upload(sensor_log.hex)
            assert [each.stage for each in line.told].count("resetting") > 1
            line.told.clear()
            await line.upload(sensor_log.hex)
            assert [each.stage for each in line.told].count("resetting") == 1


@pytest.mark.parametrize("page", [0, 17, 33])
async def test_a_cable_pulled_from_the_simulated_chip_leaves_it_ready_for_the_next_upload(
    page, boot_loaders, sensor_log
):
    with SimBoard(bootloader=boot_loaders[115200]) as board:
        async with plugged(board.port) as line:
            pulled = asyncio.ensure_future(line.upload(sensor_log.hex))
            await until(
                lambda: any(each.stage == "writing" and each.done >= 128 * page for each in line.told)
            )
            board.pull(0)
            with pytest.raises(DeviceError) as caught:
                await pulled
            assert (caught.value.code, caught.value.params) == ("cable_pulled", {"port": str(board.port)})
            board.plug(0)
            await line.upload(sensor_log.hex)
        assert holds(board.flash(0), sensor_log.hex)


async def test_a_board_that_does_not_restart_is_told_by_its_own_words(boot_loaders, sensor_log):
    with SimBoard(bootloader=boot_loaders[115200], sketch=sensor_log.hex) as board:
        async with plugged(board.port) as line:
            await until(lambda: line.notes.get("sketch_baud") == "9600", 20)
            board.set_auto_reset(0, on=False)
            with pytest.raises(DeviceError) as caught:
                await line.upload(sensor_log.hex)
    assert caught.value.code == "sketch_answers"
    assert str(caught.value.params["said"]).startswith("light:")
