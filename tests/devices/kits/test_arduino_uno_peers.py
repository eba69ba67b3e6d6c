"""The real avrdude against our emulator; our upload against the real boot loaders on a simulated chip."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.errors import DeviceError
from devices.kits.arduino_uno.emulator import UnoEmulator
from tests.devices.kits.uno_line import holds, plugged, pull_and_upload
from tests.devices.waiting import until
from tests.peers import avrdude
from tests.peers.arduino import Sketch, build_optiboot, compile_sketch, require_old_boot_loader
from tests.peers.simboard import SimBoard

pytestmark = [pytest.mark.peer, pytest.mark.slow]

SAMPLES = Path(__file__).parents[3] / "firmware_samples/arduino"
PAGES = 34
NANO_FLASH = 30_720
STACK_BYTES = 300
RAM_BYTES = {"uno": 2048, "nano": 2048, "leonardo": 2560, "mega": 8192}


@pytest.fixture(scope="module")
def sensor_log(tmp_path_factory) -> Sketch:
    return compile_sketch(SAMPLES / "sensor_log/sensor_log.ino", tmp_path_factory.mktemp("sensor_log"))


@pytest.fixture(scope="module")
def line_follower(tmp_path_factory) -> Sketch:
    return compile_sketch(
        SAMPLES / "line_follower/line_follower.ino", tmp_path_factory.mktemp("line_follower")
    )


@pytest.fixture(scope="module")
def boot_loaders(tmp_path_factory) -> dict[int, Path]:
    return {115200: build_optiboot(tmp_path_factory.mktemp("optiboot")), 57600: require_old_boot_loader()}


@pytest.fixture(params=[115200, 57600], ids=["optiboot", "ATmegaBOOT"])
def uno(request, boot_loaders) -> Iterator[tuple[SimBoard, int]]:
    with SimBoard(bootloader=boot_loaders[request.param]) as board:
        yield board, request.param


@pytest.mark.parametrize("name", ["line_follower", "sensor_log"])
@pytest.mark.parametrize("board", RAM_BYTES)
def test_the_samples_compile_without_a_warning_and_leave_room_for_the_stack(name, board, tmp_path):
    built = compile_sketch(SAMPLES / name / f"{name}.ino", tmp_path, board)
    assert built.warnings == ()
    assert built.flash_bytes < NANO_FLASH / 3
    assert built.ram_bytes <= RAM_BYTES[board] - STACK_BYTES


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


@pytest.mark.parametrize("page", [0, PAGES // 2, PAGES])
async def test_a_cable_pulled_from_the_simulated_chip_leaves_it_ready_for_the_next_upload(
    page, boot_loaders, sensor_log, line_follower
):
    """`make bench` pulls it at every page boundary."""
    with SimBoard(bootloader=boot_loaders[115200]) as board:
        async with plugged(board.port) as line:
            said = await pull_and_upload(line, board, page, sensor_log.hex, line_follower.hex)
        assert said == f"cable_pulled(port={board.port})"
        assert holds(board.flash(0), line_follower.hex)


async def test_a_board_that_does_not_restart_is_told_by_its_own_words(boot_loaders, sensor_log):
    with SimBoard(bootloader=boot_loaders[115200], sketch=sensor_log.hex) as board:
        async with plugged(board.port) as line:
            await until(lambda: line.notes.get("sketch_baud") == "9600", 20)
            board.set_auto_reset(0, on=False)
            with pytest.raises(DeviceError) as caught:
                await line.upload(sensor_log.hex)
    assert caught.value.code == "sketch_answers"
    assert str(caught.value.params["said"]).startswith("light:")
